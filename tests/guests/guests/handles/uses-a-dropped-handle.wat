;; Uses a handle that it has given back.
(func $call-tool (param i32) (result i32)
  (local $ready i32)
  (call $poll.drop (local.tee $ready (call $clock.after (i64.const 0))))
  (call $poll.block (local.get $ready))
  (call $done))
