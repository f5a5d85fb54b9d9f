;; Offers one tool or two, by chance.
(func $list-tools (param i32 i32) (result i32)
  (call $tool (i32.const 4096) (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 56))
  (call $tool (i32.const 4160) (i32.const 17) (i32.const 4) (i32.const 64) (i32.const 56))
  (call $tools (i32.const 4096) (i32.add (i32.const 1) (i32.and (i32.wrap_i64 (call $random.number)) (i32.const 1)))))
