;; Copies its memory onto itself without end, four megabytes at a time.
(memory $memory 64)
(func $call-tool (param i32) (result i32)
  (loop $again
    (memory.copy (i32.const 0) (i32.const 1) (i32.const 4194303))
    (br $again))
  unreachable)
