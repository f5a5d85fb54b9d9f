;; Says that its body is longer than it is.
(data (i32.const 4096) "content-length")
(data (i32.const 4160) "4096")
(func $call-tool (param i32) (result i32)
  (local $fields i32)
  (local.set $fields (call $fields.new))
  (call $must (call $header (local.get $fields) (i32.const 4096) (i32.const 14) (i32.const 4160) (i32.const 4)))
  (drop (call $await (call $send (call $request (i32.const 2) (i32.const 176) (i32.const 11) (local.get $fields)))))
  (call $done))
