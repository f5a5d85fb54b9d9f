;; Offers two tools of one name: one is shown, the other is called.
(func $list-tools (param i32 i32) (result i32)
  (call $tool (i32.const 4096) (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 56))
  (call $tool (i32.const 4160) (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 56))
  (call $tools (i32.const 4096) (i32.const 2)))
