;; Waits for as long as there are numbers, and then for the last instant of the clock.
(func $call-tool (param i32) (result i32)
  (i32.store (i32.const 4096) (call $clock.after (i64.const -1)))
  (i32.store (i32.const 4100) (call $clock.at (i64.const -1)))
  (call $poll.all (i32.const 4096) (i32.const 2) (i32.const 1024))
  unreachable)
