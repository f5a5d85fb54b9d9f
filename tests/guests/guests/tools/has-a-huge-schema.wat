;; Describes arguments in a schema of a megabyte.
(memory $memory 32)
(data (i32.const 262144) "{\"type\":\"object\"")
(func $list-tools (param i32 i32) (result i32)
  (memory.fill (i32.const 262161) (i32.const 32) (i32.const 1048576))
  (i32.store8 (i32.const 1310737) (i32.const 0x7d))
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 262144) (i32.const 1048594)))
