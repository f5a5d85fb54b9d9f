;; Calls a function as if it were another.
(table $table 1 funcref)
(elem (i32.const 0) $done)
(func $call-tool (param i32) (result i32)
  (call_indirect $table (param i64) (result i32) (i64.const 0) (i32.const 0)))
