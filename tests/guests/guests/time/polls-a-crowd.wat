;; Waits for one handle, named nine hundred times in each list, without end.
(func $call-tool (param i32) (result i32)
  (local $ready i32) (local $at i32)
  (local.set $ready (call $clock.after (i64.const 0)))
  (local.set $at (i32.const 131072))
  (loop $again
    (i32.store (local.get $at) (local.get $ready))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (br_if $again (i32.lt_u (local.get $at) (i32.const 134672))))
  (loop $again
    (global.set $heap (i32.const 65536))
    (call $poll.all (i32.const 131072) (i32.const 900) (i32.const 1024))
    (br $again))
  unreachable)
