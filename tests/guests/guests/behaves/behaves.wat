;; The well-behaved one, beside which the others are seen: it logs, and returns its settings and a receipt.
(func $call-tool (param i32) (result i32)
  (call $log (i32.const 1) (i32.const 128) (i32.const 4))
  (call $settings (i32.const 4096))
  (drop (call $receipts (i32.const 1)))
  (call $data (i32.load (i32.const 4096)) (i32.load (i32.const 4100))))
