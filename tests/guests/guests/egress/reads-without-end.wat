;; Gets from the host that the arguments name, and reads whatever comes.
(func $call-tool (param $call i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $await (call $send
    (call $request (i32.const 0) (call $argument (local.get $call)) (call $fields.new)))))
  (if (i32.eqz (local.get $answer)) (then (return (call $fail (i32.const 6)))))
  (drop (drop (call $read (local.get $answer))))
  ;; It ended, or it broke off.
  (if (i32.ne (i32.load8_u (i32.const 2212)) (i32.const 1)) (then (return (call $fail (i32.const 6)))))
  (call $done))
