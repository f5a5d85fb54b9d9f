;; Opens its output again and again, and closes none.
(func $call-tool (param i32) (result i32)
  (loop $again
    (drop (call $stdout))
    (br $again))
  unreachable)
