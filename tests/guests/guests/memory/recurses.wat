;; Calls itself without end.
(func $deeper (param $n i64) (result i64)
  (i64.add (call $deeper (i64.add (local.get $n) (i64.const 1))) (local.get $n)))
(func $call-tool (param i32) (result i32)
  (drop (call $deeper (i64.const 0)))
  (call $done))
