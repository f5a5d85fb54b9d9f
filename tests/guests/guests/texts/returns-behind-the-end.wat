;; Returns a text that begins before the end of its memory and ends behind it.
(func $call-tool (param i32) (result i32)
  (call $text (i32.const 262140) (i32.const 8)))
