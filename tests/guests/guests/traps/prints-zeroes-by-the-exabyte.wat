;; Has the host print 2^40 zeroes.
(func $call-tool (param i32) (result i32)
  (call $stream.zeroes (call $stdout) (i64.const 0x10000000000) (i32.const 1024))
  (call $done))
