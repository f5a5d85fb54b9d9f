;; Signs without end.
(import "aftercall:tool/signing@0.1.0" "jwt" (func $jwt (param i32 i32 i32 i32 i32)))
(data (i32.const 4096) "hook")
(data (i32.const 4112) "{}")
(func $call-tool (param i32) (result i32)
  (loop $again
    (call $jwt (i32.const 4096) (i32.const 4) (i32.const 4112) (i32.const 2) (i32.const 2048))
    (br $again))
  unreachable)
