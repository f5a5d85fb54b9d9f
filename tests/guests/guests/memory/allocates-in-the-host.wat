;; Has the host hold what it can't hold itself: headers of a hundred kilobytes, without end.
(memory $memory 8)
(func $call-tool (param i32) (result i32)
  (memory.fill (i32.const 262144) (i32.const 97) (i32.const 100000))
  (loop $again
    (drop (call $header (call $fields.new) (i32.const 144) (i32.const 5) (i32.const 262144) (i32.const 100000)))
    (br $again))
  unreachable)
