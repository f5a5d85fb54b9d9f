;; Looks up the key that the arguments name: what is kept there is its answer. Where there is nothing it keeps `done` there
;; and answers `no`. Where it can't, it fails.
(func $answer (param $key i32) (param $len i32) (result i32)
  (call $state.get (local.get $key) (local.get $len) (i32.const 2048))
  (if (i32.load8_u (i32.const 2048)) (then (return (call $fail (i32.const 8)))))
  ;; ok(some(entry)): its value is a list of bytes.
  (if (i32.load8_u (i32.const 2056)) (then
    (return (call $text (i32.load (i32.const 2064)) (i32.load (i32.const 2068))))))
  (call $state.put (local.get $key) (local.get $len) (i32.const 128) (i32.const 4) (i32.const 2048))
  (if (i32.load8_u (i32.const 2048)) (then (return (call $fail (i32.const 8)))))
  (call $text (i32.const 136) (i32.const 2)))
(func $list-tools (param i32 i32) (result i32)
  (call $answer (i32.const 144) (i32.const 5)))
(func $call-tool (param $call i32) (result i32)
  (call $answer (call $argument (local.get $call))))
