;; The well-behaved one: describes one tool, logs, returns an outcome with a receipt, reconciles.
(module
  (import "aftercall:tool/log@0.1.0" "write" (func $log (param i32 i32 i32)))
  (import "aftercall:tool/settings@0.1.0" "get" (func $settings (param i32)))
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 8192))

  ;; Texts.
  (data (i32.const 16) "greet")
  (data (i32.const 32) "Greets somebody.")
  (data (i32.const 64) "{\"type\":\"object\",\"properties\":{\"who\":{\"type\":\"string\"}}}")
  (data (i32.const 160) "who")
  (data (i32.const 176) "greeted")
  (data (i32.const 192) "greeting")
  (data (i32.const 208) "G1")

  ;; At 512, one tool: name, no title, description, input schema, no output schema, once, identity, reconcilable.
  (data (i32.const 512)
    "\10\00\00\00\05\00\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00" "\20\00\00\00\10\00\00\00" "\40\00\00\00\38\00\00\00"
    "\00\00\00\00\00\00\00\00\00\00\00\00" "\02\00\00\00" "\00\03\00\00\01\00\00\00" "\01\00\00\00")
  ;; At 768, its identity: a list of one text.
  (data (i32.const 768) "\a0\00\00\00\03\00\00\00")
  ;; At 1024, ok(a list of that tool).
  (data (i32.const 1024) "\00\00\00\00" "\00\02\00\00\01\00\00\00")
  ;; At 1280, one receipt: id, kind, no url.
  (data (i32.const 1280) "\d0\00\00\00\02\00\00\00" "\c0\00\00\00\08\00\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00")
  ;; At 1536, ok(outcome): text, data (filled in below), receipts.
  (data (i32.const 1536)
    "\00\00\00\00\00\00\00\00" "\b0\00\00\00\07\00\00\00" "\01\00\00\00\00\00\00\00\00\00\00\00" "\00\05\00\00\01\00\00\00")
  ;; At 1792, ok(did-not-happen).
  (data (i32.const 1792) "\00\00\00\00\00\00\00\00" "\01\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "aftercall:tool/tools@0.1.0#list-tools") (param i32 i32) (result i32)
    (i32.const 1024))

  ;; The outcome's data are the settings, as the host gave them.
  (func (export "aftercall:tool/tools@0.1.0#call-tool") (param i32) (result i32)
    (call $log (i32.const 1) (i32.const 176) (i32.const 7))
    (call $settings (i32.const 2048))
    (i32.store (i32.const 1556) (i32.load (i32.const 2048)))
    (i32.store (i32.const 1560) (i32.load (i32.const 2052)))
    (i32.const 1536))

  (func (export "aftercall:tool/tools@0.1.0#reconcile") (param i32) (result i32)
    (i32.const 1792)))
