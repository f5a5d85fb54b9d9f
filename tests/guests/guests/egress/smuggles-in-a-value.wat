;; Hides a second request in the value of a header.
(data (i32.const 4096) "x-note")
(data (i32.const 4160) "a\0d\0a\0d\0aPOST /other HTTP/1.1\0d\0ahost: vendor.test")
(func $call-tool (param i32) (result i32)
  (local $fields i32)
  (local.set $fields (call $fields.new))
  (call $must (call $header (local.get $fields) (i32.const 4096) (i32.const 6) (i32.const 4160) (i32.const 44)))
  (drop (call $await (call $send (call $request (i32.const 2) (i32.const 176) (i32.const 11) (local.get $fields)))))
  (call $done))
