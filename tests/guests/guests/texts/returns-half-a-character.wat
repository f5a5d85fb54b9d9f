;; Returns half of a surrogate pair, encoded as if it were a character.
(data (i32.const 4096) "a\ed\a0\80")
(func $call-tool (param i32) (result i32)
  (call $text (i32.const 4096) (i32.const 4)))
