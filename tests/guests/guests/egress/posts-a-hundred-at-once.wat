;; Posts a hundred times at once, waits for the answer to the first, and is done.
(func $call-tool (param i32) (result i32)
  (local $n i32) (local $first i32)
  (local.set $first (call $send (call $request (i32.const 2) (i32.const 176) (i32.const 11) (call $fields.new))))
  (loop $again
    (drop (call $send (call $request (i32.const 2) (i32.const 176) (i32.const 11) (call $fields.new))))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 99))))
  (drop (call $await (local.get $first)))
  (call $done))
