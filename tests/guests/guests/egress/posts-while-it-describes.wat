;; Posts while it describes its tools.
(func $list-tools (param i32 i32) (result i32)
  (drop (call $ask (i32.const 2) (i32.const 176) (i32.const 11)))
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 56)))
