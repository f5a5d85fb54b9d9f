;; Asks for 2^63 random bytes.
(func $call-tool (param i32) (result i32)
  (call $random.bytes (i64.const 0x8000000000000000) (i32.const 1024))
  (call $done))
