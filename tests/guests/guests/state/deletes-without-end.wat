;; Deletes four thousand keys under which nothing is kept.
(func $call-tool (param i32) (result i32)
  (local $n i32)
  (memory.fill (i32.const 8192) (i32.const 97) (i32.const 256))
  (loop $again
    ;; Four letters of the key count.
    (i32.store8 (i32.const 8192) (i32.add (i32.const 97) (i32.and (local.get $n) (i32.const 7))))
    (i32.store8 (i32.const 8193) (i32.add (i32.const 97) (i32.and (i32.shr_u (local.get $n) (i32.const 3)) (i32.const 7))))
    (i32.store8 (i32.const 8194) (i32.add (i32.const 97) (i32.and (i32.shr_u (local.get $n) (i32.const 6)) (i32.const 7))))
    (i32.store8 (i32.const 8195) (i32.add (i32.const 97) (i32.and (i32.shr_u (local.get $n) (i32.const 9)) (i32.const 7))))
    (call $state.delete (i32.const 8192) (i32.const 256) (i32.const 2048))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 4096))))
  (call $done))
