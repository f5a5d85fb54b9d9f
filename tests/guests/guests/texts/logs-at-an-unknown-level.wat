;; Logs at a level that there is not.
(func $call-tool (param i32) (result i32)
  (call $log (i32.const 99) (i32.const 128) (i32.const 4))
  (call $done))
