;; Returns a megabyte of data.
(memory $memory 32)
(func $call-tool (param i32) (result i32)
  (memory.fill (i32.const 262144) (i32.const 49) (i32.const 1048576))
  (call $data (i32.const 262144) (i32.const 1048576)))
