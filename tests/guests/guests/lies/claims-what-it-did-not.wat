;; Posts nothing, and returns a receipt for it.
(func $call-tool (param i32) (result i32)
  (call $receipts (i32.const 1)))
