;; Exits, as if its work were done.
(func $call-tool (param i32) (result i32)
  (call $exit (i32.const 0))
  (call $done))
