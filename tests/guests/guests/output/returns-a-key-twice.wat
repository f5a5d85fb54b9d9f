;; Returns data that one reader reads as yes and another as no.
(data (i32.const 4096) "{\"paid\":true,\"paid\":false}")
(func $call-tool (param i32) (result i32)
  (call $data (i32.const 4096) (i32.const 26)))
