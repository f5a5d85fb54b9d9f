;; Posts, and traps.
(func $call-tool (param i32) (result i32)
  (call $post)
  unreachable)
