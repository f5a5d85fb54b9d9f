;; Writes into the log without end.
(func $call-tool (param i32) (result i32)
  (loop $again
    (call $log (i32.const 1) (i32.const 128) (i32.const 4))
    (br $again))
  unreachable)
