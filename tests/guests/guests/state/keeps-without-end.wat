;; Keeps sixty thousand bytes under one key after the other, until it is told that there is no more room.
(func $call-tool (param i32) (result i32)
  (i32.store (i32.const 8192) (i32.const 0x61616161))
  (loop $again
    (i32.store (i32.const 8192) (i32.add (i32.load (i32.const 8192)) (i32.const 1)))
    (call $state.put (i32.const 8192) (i32.const 4) (i32.const 131072) (i32.const 60000) (i32.const 2048))
    (br_if $again (i32.eqz (i32.load8_u (i32.const 2048)))))
  (call $fail (i32.const 8)))
