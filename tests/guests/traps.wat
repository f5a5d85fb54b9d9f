;; Traps.
(module
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 8192))

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "aftercall:tool/tools@0.1.0#list-tools") (param i32 i32) (result i32)
    unreachable)

  (func (export "aftercall:tool/tools@0.1.0#call-tool") (param i32) (result i32)
    unreachable)

  (func (export "aftercall:tool/tools@0.1.0#reconcile") (param i32) (result i32)
    unreachable))
