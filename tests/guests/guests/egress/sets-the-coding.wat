;; Says that its body comes in chunks.
(data (i32.const 4096) "transfer-encoding")
(data (i32.const 4160) "chunked")
(func $call-tool (param i32) (result i32)
  (local $fields i32)
  (local.set $fields (call $fields.new))
  (call $must (call $header (local.get $fields) (i32.const 4096) (i32.const 17) (i32.const 4160) (i32.const 7)))
  (drop (call $await (call $send (call $request (i32.const 2) (i32.const 176) (i32.const 11) (local.get $fields)))))
  (call $done))
