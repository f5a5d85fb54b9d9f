;; Returns an answer that lies between two words.
(func $call-tool (param i32) (result i32)
  (i32.const 1025))
