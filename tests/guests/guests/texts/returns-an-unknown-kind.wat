;; Fails with a kind of failure that only the host may speak of.
(func $call-tool (param i32) (result i32)
  (call $fail (i32.const 9)))
