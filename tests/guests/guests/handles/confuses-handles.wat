;; Gives a request where a thing to wait for belongs.
(func $call-tool (param i32) (result i32)
  (call $poll.block (call $request.new (call $fields.new)))
  (call $done))
