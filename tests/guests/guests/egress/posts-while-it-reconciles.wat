;; Posts when it is asked what became of a write, and says that it happened.
(func $reconcile (param i32) (result i32)
  (drop (call $ask (i32.const 2) (i32.const 176) (i32.const 11)))
  (i32.store (i32.const 1040) (i32.const 128))
  (i32.store (i32.const 1044) (i32.const 4))
  (call $found (i32.const 0)))
