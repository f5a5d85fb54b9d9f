;; Gives a body back while it is being written.
(import "wasi:http/types@0.2.12" "[resource-drop]outgoing-body" (func $body.drop (param i32)))
(func $call-tool (param i32) (result i32)
  (local $body i32)
  (local.set $body (call $body (call $request (i32.const 2) (i32.const 176) (i32.const 11) (call $fields.new))))
  (drop (call $writer (local.get $body)))
  (call $body.drop (local.get $body))
  (call $done))
