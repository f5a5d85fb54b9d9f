;; Prints a ten megabytes, four kilobytes at a time, and never ends the line.
(func $call-tool (param i32) (result i32)
  (local $out i32) (local $n i32)
  (local.set $out (call $stdout))
  (memory.fill (i32.const 8192) (i32.const 97) (i32.const 4096))
  (loop $again
    (call $stream.write (local.get $out) (i32.const 8192) (i32.const 4096) (i32.const 1024))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 2560))))
  (i64.store (i32.const 1024) (i64.const 0))
  (call $done))
