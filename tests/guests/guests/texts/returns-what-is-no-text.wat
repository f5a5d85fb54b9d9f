;; Returns a text that is not UTF-8.
(data (i32.const 4096) "caf\e9")
(func $call-tool (param i32) (result i32)
  (call $text (i32.const 4096) (i32.const 4)))
