;; Logs what would clear a terminal, ring its bell and write another line into its journal.
(data (i32.const 4096) "\1b[2J\07\00\c2\9b31mred\0d\0afake: line")
(func $call-tool (param i32) (result i32)
  (call $log (i32.const 1) (i32.const 4096) (i32.const 26))
  (call $text (i32.const 4096) (i32.const 26)))
