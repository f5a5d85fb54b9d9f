;; Prints hundreds of thousands of empty lines as errors.
(func $call-tool (param i32) (result i32)
  (local $err i32) (local $n i32)
  (local.set $err (call $stderr))
  (memory.fill (i32.const 8192) (i32.const 10) (i32.const 4000))
  (i32.store8 (i32.const 8200) (i32.const 97))
  (loop $again
    (call $stream.write (local.get $err) (i32.const 8192) (i32.const 4000) (i32.const 1024))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 100))))
  (i64.store (i32.const 1024) (i64.const 0))
  (call $done))
