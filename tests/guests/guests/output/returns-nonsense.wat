;; Returns data that are not JSON.
(func $call-tool (param i32) (result i32)
  (call $data (i32.const 136) (i32.const 2)))
