;; Brings a credential of its own, in the header of the tenant's.
(data (i32.const 4096) "x-api-key")
(data (i32.const 4160) "mine")
(func $call-tool (param i32) (result i32)
  (local $fields i32)
  (local.set $fields (call $fields.new))
  (call $must (call $header (local.get $fields) (i32.const 4096) (i32.const 9) (i32.const 4160) (i32.const 4)))
  (drop (call $await (call $send (call $request (i32.const 2) (i32.const 176) (i32.const 11) (local.get $fields)))))
  (call $done))
