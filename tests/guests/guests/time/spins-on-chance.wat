;; Draws random bytes without end.
(func $call-tool (param i32) (result i32)
  (loop $again
    (global.set $heap (i32.const 65536))
    (call $random.bytes (i64.const 16384) (i32.const 1024))
    (br $again))
  unreachable)
