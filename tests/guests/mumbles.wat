;; Describes a tool without a name, and returns data that is not JSON.
(module
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 8192))
  ;; At 512, a tool of zeros: its texts are empty, its schemas too. At 1024, ok(a list of it).
  (data (i32.const 1024) "\00\00\00\00" "\00\02\00\00\01\00\00\00")
  ;; At 1536, ok(outcome): no text, the data `{`, no receipt.
  (data (i32.const 1600) "{")
  (data (i32.const 1536)
    "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\01\00\00\00\40\06\00\00\01\00\00\00" "\00\00\00\00\00\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "aftercall:tool/tools@0.1.0#list-tools") (param i32 i32) (result i32)
    (i32.const 1024))

  (func (export "aftercall:tool/tools@0.1.0#call-tool") (param i32) (result i32)
    (i32.const 1536))

  (func (export "aftercall:tool/tools@0.1.0#reconcile") (param i32) (result i32)
    unreachable))
