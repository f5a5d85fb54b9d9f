;; Waits for what is ready at once, without end.
(func $call-tool (param i32) (result i32)
  (local $ready i32)
  (local.set $ready (call $clock.after (i64.const 0)))
  (loop $again
    (call $poll.block (local.get $ready))
    (br $again))
  unreachable)
