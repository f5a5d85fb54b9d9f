;; Describes arguments in a schema that is thirty thousand lists deep.
(func $list-tools (param i32 i32) (result i32)
  (memory.fill (i32.const 4096) (i32.const 0x5b) (i32.const 30000))
  (memory.fill (i32.const 34096) (i32.const 0x5d) (i32.const 30000))
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 4096) (i32.const 60000)))
