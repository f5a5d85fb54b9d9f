;; Returns a text so long that its end comes around to its beginning.
(func $call-tool (param i32) (result i32)
  (call $text (i32.const 4096) (i32.const -4096)))
