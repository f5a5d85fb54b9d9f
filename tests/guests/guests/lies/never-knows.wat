;; Does not know what became of it, and asks to be asked at the end of time.
(func $reconcile (param i32) (result i32)
  (i32.store8 (i32.const 1040) (i32.const 1))
  (i64.store (i32.const 1048) (i64.const -1))
  (call $found (i32.const 3)))
