;; Asks the host for the time without end.
(func $call-tool (param i32) (result i32)
  (loop $again
    (drop (call $clock.now))
    (br $again))
  unreachable)
