;; Logs a thousand lines, and returns a text of a megabyte.
(module
  (import "aftercall:tool/log@0.1.0" "write" (func $log (param i32 i32 i32)))
  (memory (export "memory") 32)
  (global $heap (mut i32) (i32.const 8192))
  ;; At 1536, ok(outcome): the text is a megabyte of zeros.
  (data (i32.const 1536)
    "\00\00\00\00\00\00\00\00" "\00\00\01\00\00\00\10\00" "\00\00\00\00\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "aftercall:tool/tools@0.1.0#list-tools") (param i32 i32) (result i32)
    unreachable)

  (func (export "aftercall:tool/tools@0.1.0#call-tool") (param i32) (result i32)
    (local $n i32)
    (loop $again
      (call $log (i32.const 0) (i32.const 1536) (i32.const 1))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))
    (i32.const 1536))

  (func (export "aftercall:tool/tools@0.1.0#reconcile") (param i32) (result i32)
    unreachable))
