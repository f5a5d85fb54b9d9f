;; Answers neither that it happened nor that it did not, nor that it does not know.
(func $reconcile (param i32) (result i32)
  (call $found (i32.const 4)))
