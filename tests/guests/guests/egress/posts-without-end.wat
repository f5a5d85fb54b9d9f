;; Posts again and again.
(func $call-tool (param i32) (result i32)
  (loop $again
    (drop (call $ask (i32.const 2) (i32.const 176) (i32.const 11)))
    (br $again))
  unreachable)
