;; Fills its memory without end, four megabytes at a time.
(memory $memory 64)
(func $call-tool (param i32) (result i32)
  (loop $again
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const 4128768))
    (br $again))
  unreachable)
