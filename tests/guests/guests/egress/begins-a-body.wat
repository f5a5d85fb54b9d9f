;; Begins a request's body, and waits for the answer without ever ending it.
(func $call-tool (param i32) (result i32)
  (local $request i32) (local $stream i32)
  (local.set $request (call $request (i32.const 2) (i32.const 176) (i32.const 11) (call $fields.new)))
  (local.set $stream (call $writer (call $body (local.get $request))))
  (drop (call $await (call $send (local.get $request))))
  (call $fail (i32.const 6)))
