;; Uses handles that it was never given.
(func $call-tool (param i32) (result i32)
  (call $poll.block (i32.const 7))
  (call $done))
