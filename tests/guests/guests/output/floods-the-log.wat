;; Logs a thousand lines.
(func $call-tool (param i32) (result i32)
  (local $n i32)
  (loop $again
    (call $log (i32.const 0) (i32.const 128) (i32.const 1))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))
  (call $done))
