;; Calls an empty place of a table.
(table $table 1 funcref)
(func $call-tool (param i32) (result i32)
  (call_indirect $table (result i32) (i32.const 0)))
