;; Offers a tool that is named like one that acts on the live call.
(data (i32.const 4096) "hang_up")
(func $list-tools (param i32 i32) (result i32)
  (call $one-tool (i32.const 4096) (i32.const 7) (i32.const 64) (i32.const 56)))
