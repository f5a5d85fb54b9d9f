;; Sends a header that fits no server.
(memory $memory 8)
(func $call-tool (param i32) (result i32)
  (local $fields i32)
  (local.set $fields (call $fields.new))
  (memory.fill (i32.const 262144) (i32.const 97) (i32.const 200000))
  (call $must (call $header (local.get $fields) (i32.const 144) (i32.const 5) (i32.const 262144) (i32.const 200000)))
  (drop (call $await (call $send (call $request (i32.const 2) (i32.const 176) (i32.const 11) (local.get $fields)))))
  (call $done))
