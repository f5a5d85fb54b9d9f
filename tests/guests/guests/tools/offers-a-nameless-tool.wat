;; Offers a tool without a name.
(data (i32.const 4096) "")
(func $list-tools (param i32 i32) (result i32)
  (call $one-tool (i32.const 4096) (i32.const 0) (i32.const 64) (i32.const 56)))
