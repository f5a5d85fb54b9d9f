;; Posts, and computes without end.
(func $call-tool (param i32) (result i32)
  (call $post)
  (loop $again (br $again))
  unreachable)
