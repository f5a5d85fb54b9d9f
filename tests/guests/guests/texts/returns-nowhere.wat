;; Returns an answer that lies behind the end of its memory.
(func $call-tool (param i32) (result i32)
  (i32.const -8))
