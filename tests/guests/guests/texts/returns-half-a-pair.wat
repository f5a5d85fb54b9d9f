;; Speaks UTF-16, and returns half of a surrogate pair.
(@encoding "utf16")
(data (i32.const 4096) "a\00\00\d8")
(func $call-tool (param i32) (result i32)
  (call $text (i32.const 4096) (i32.const 2)))
