;; Signs its arguments as claims with the key `hook`, and returns the token; in `list-tools` too. What went wrong is its
;; failure's message: `not granted`, `wrong input`, `unavailable`.
(module
  (import "aftercall:tool/signing@0.1.0" "jwt" (func $jwt (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 8192))
  (data (i32.const 16) "hook")
  (data (i32.const 32) "not granted")
  (data (i32.const 48) "wrong input")
  (data (i32.const 64) "unavailable")
  ;; At 1792, err(failure): other, a message of 11 bytes.
  (data (i32.const 1792) "\01\00\00\00\00\00\00\00" "\07\00\00\00" "\20\00\00\00\0b\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  ;; The answer to `call-tool`: at 1536, ok(outcome) with the token as its text.
  (func $sign (param $claims i32) (param $len i32) (result i32)
    (call $jwt (i32.const 16) (i32.const 4) (local.get $claims) (local.get $len) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048))
      (then
        (i32.store (i32.const 1804) (i32.add (i32.const 32) (i32.shl (i32.load8_u (i32.const 2052)) (i32.const 4))))
        (return (i32.const 1792))))
    (i32.store (i32.const 1544) (i32.load (i32.const 2052)))
    (i32.store (i32.const 1548) (i32.load (i32.const 2056)))
    (i32.const 1536))

  (func (export "aftercall:tool/tools@0.1.0#list-tools") (param i32 i32) (result i32)
    (call $sign (local.get 0) (local.get 1)))

  (func (export "aftercall:tool/tools@0.1.0#call-tool") (param i32) (result i32)
    (call $sign (i32.load offset=8 (local.get 0)) (i32.load offset=12 (local.get 0))))

  (func (export "aftercall:tool/tools@0.1.0#reconcile") (param i32) (result i32)
    unreachable))
