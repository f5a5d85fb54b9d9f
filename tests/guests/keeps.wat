;; Looks up the key that the arguments name: what is kept there is its answer. Where there is nothing it keeps "kept" there
;; and answers "new". Where it can't, it fails.
(module
  (import "aftercall:tool/state@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "aftercall:tool/state@0.1.0" "put" (func $put (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 8192))
  (data (i32.const 16) "kept")
  (data (i32.const 32) "new")
  (data (i32.const 48) "no state")
  ;; At 1536, ok(outcome): a text, no data, no receipt.
  (data (i32.const 1536) "\00\00\00\00\00\00\00\00" "\20\00\00\00\03\00\00\00")
  ;; At 1792, err(failure): other, a message.
  (data (i32.const 1792) "\01\00\00\00\00\00\00\00" "\07\00\00\00" "\30\00\00\00\08\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  ;; The key is in quotes.
  (func $answer (param $key i32) (param $len i32) (result i32)
    (call $get (local.get $key) (local.get $len) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 1792))))
    ;; ok(some(entry)): its value is a list of bytes.
    (if (i32.load8_u (i32.const 2056)) (then
      (i32.store (i32.const 1544) (i32.load (i32.const 2064)))
      (i32.store (i32.const 1548) (i32.load (i32.const 2068)))
      (return (i32.const 1536))))
    (call $put (local.get $key) (local.get $len) (i32.const 16) (i32.const 4) (i32.const 2048))
    (select (i32.const 1792) (i32.const 1536) (i32.load8_u (i32.const 2048))))

  (func (export "aftercall:tool/tools@0.1.0#list-tools") (param i32 i32) (result i32)
    (drop (call $answer (i32.const 32) (i32.const 3)))
    (i32.const 0))

  (func (export "aftercall:tool/tools@0.1.0#call-tool") (param i32) (result i32)
    (call $answer
      (i32.add (i32.load offset=8 (local.get 0)) (i32.const 1))
      (i32.sub (i32.load offset=12 (local.get 0)) (i32.const 2))))

  (func (export "aftercall:tool/tools@0.1.0#reconcile") (param i32) (result i32)
    unreachable))
