;; Waits for somebody to type something.
(func $call-tool (param i32) (result i32)
  (local $stream i32)
  (local.set $stream (call $stdin))
  (loop $again
    (call $stream.read (local.get $stream) (i64.const 1) (i32.const 1024))
    ;; err(closed): nobody ever will.
    (br_if $again (i32.eqz (i32.load8_u (i32.const 1024)))))
  (i32.store8 (i32.const 1024) (i32.const 0))
  (i32.store8 (i32.const 1028) (i32.const 0))
  (call $done))
