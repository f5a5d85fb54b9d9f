;; Posts, and says that the vendor refused.
(func $call-tool (param i32) (result i32)
  (call $post)
  (call $fail (i32.const 2)))
