;; Returns a number that no number holds.
(data (i32.const 4096) "{\"n\":1e999}")
(func $call-tool (param i32) (result i32)
  (call $data (i32.const 4096) (i32.const 11)))
