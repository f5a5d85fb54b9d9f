;; Signs its arguments as claims with the key `hook`, and returns the token; in `list-tools` too. What went wrong is its
;; failure's message: `not granted`, `wrong input`, `unavailable`.
(import "aftercall:tool/signing@0.1.0" "jwt" (func $jwt (param i32 i32 i32 i32 i32)))
(data (i32.const 4096) "hook")
(data (i32.const 4112) "not granted")
(data (i32.const 4128) "wrong input")
(data (i32.const 4144) "unavailable")
(func $sign (param $claims i32) (param $len i32) (result i32)
  (call $jwt (i32.const 4096) (i32.const 4) (local.get $claims) (local.get $len) (i32.const 2048))
  (if (i32.load8_u (i32.const 2048)) (then
    (drop (call $fail (i32.const 8)))
    (i32.store (i32.const 1036) (i32.add (i32.const 4112) (i32.shl (i32.load8_u (i32.const 2052)) (i32.const 4))))
    (i32.store (i32.const 1040) (i32.const 11))
    (return (i32.const 1024))))
  (call $text (i32.load (i32.const 2052)) (i32.load (i32.const 2056))))
(func $list-tools (param $settings i32) (param $len i32) (result i32)
  (call $sign (local.get $settings) (local.get $len)))
(func $call-tool (param $call i32) (result i32)
  (call $sign (i32.load offset=8 (local.get $call)) (i32.load offset=12 (local.get $call))))
