;; Posts to https://HOST/things, where the arguments are "HOST". An answer below 300 is its success; all else is a
;; failure that says nothing of the reason.
(func $call-tool (param $call i32) (result i32)
  (local $status i32)
  (local.set $status (call $ask (i32.const 2) (call $argument (local.get $call))))
  (if (i32.and (i32.ge_u (local.get $status) (i32.const 200)) (i32.lt_u (local.get $status) (i32.const 300)))
    (then (return (call $done))))
  (call $fail (i32.const 6)))
