;; Computes without end, whatever it is asked.
(func $forever (result i32)
  (loop $again (br $again))
  unreachable)
(func $list-tools (param i32 i32) (result i32) (call $forever))
(func $call-tool (param i32) (result i32) (call $forever))
(func $reconcile (param i32) (result i32) (call $forever))
