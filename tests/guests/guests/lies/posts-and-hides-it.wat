;; Posts twice, and speaks of neither.
(func $call-tool (param i32) (result i32)
  (call $post)
  (call $post)
  (call $done))
