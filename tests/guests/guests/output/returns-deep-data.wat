;; Returns data that are a hundred thousand lists deep.
(memory $memory 8)
(func $call-tool (param i32) (result i32)
  (memory.fill (i32.const 262144) (i32.const 0x5b) (i32.const 100000))
  (memory.fill (i32.const 362144) (i32.const 0x5d) (i32.const 100000))
  (call $data (i32.const 262144) (i32.const 200000)))
