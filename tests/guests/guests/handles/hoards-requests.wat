;; Makes requests with a body each, and sends none.
(func $call-tool (param i32) (result i32)
  (loop $again
    (drop (call $writer (call $body (call $request (i32.const 2) (i32.const 176) (i32.const 11) (call $fields.new)))))
    (br $again))
  unreachable)
