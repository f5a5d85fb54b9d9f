;; Has the host hold what it can't hold itself: requests with methods of two hundred thousand letters, without end.
(memory $memory 8)
(func $call-tool (param i32) (result i32)
  (memory.fill (i32.const 262144) (i32.const 65) (i32.const 200000))
  (loop $again
    (call $must (call $request.method (call $request.new (call $fields.new))
      (i32.const 9) (i32.const 262144) (i32.const 200000)))
    (br $again))
  unreachable)
