;; Returns a text of a megabyte.
(memory $memory 32)
(func $call-tool (param i32) (result i32)
  (memory.fill (i32.const 262144) (i32.const 97) (i32.const 1048576))
  (call $text (i32.const 262144) (i32.const 1048576)))
