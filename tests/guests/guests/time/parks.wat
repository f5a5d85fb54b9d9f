;; Waits for an hour.
(func $call-tool (param i32) (result i32)
  (call $poll.block (call $clock.after (i64.const 3_600_000_000_000)))
  unreachable)
