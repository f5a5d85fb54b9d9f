;; Offers a thousand tools.
(func $list-tools (param i32 i32) (result i32)
  (local $at i32)
  (local.set $at (i32.const 131072))
  (loop $again
    (call $tool (local.get $at) (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 56))
    (local.set $at (i32.add (local.get $at) (i32.const 64)))
    (br_if $again (i32.lt_u (local.get $at) (i32.const 195072))))
  (call $tools (i32.const 131072) (i32.const 1000)))
