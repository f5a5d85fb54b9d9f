;; Takes memory in two places, each within what one may have.
(memory $other 1)
(func $call-tool (param i32) (result i32)
  (loop $again
    (drop (memory.grow $memory (i32.const 16)))
    (drop (memory.grow $other (i32.const 16)))
    (br $again))
  unreachable)
