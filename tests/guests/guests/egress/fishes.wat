;; Posts to a vendor that repeats what it was sent, and returns all of its memory as hexadecimal digits.
(memory $memory 16)
(data (i32.const 4096) "0123456789abcdef")
(func $hex (param $digit i32) (result i32)
  (i32.load8_u offset=4096 (i32.and (local.get $digit) (i32.const 15))))
(func $call-tool (param i32) (result i32)
  (local $at i32) (local $to i32) (local $byte i32) (local $answer i32)
  (local.set $answer (call $await (call $send
    (call $request (i32.const 2) (i32.const 176) (i32.const 11) (call $fields.new)))))
  (if (local.get $answer) (then
    (call $response.headers.all (call $response.headers (local.get $answer)) (i32.const 2400))
    (drop (drop (call $read (local.get $answer))))))
  (call $settings (i32.const 2416))
  (local.set $to (i32.const 393216))
  (loop $again
    (local.set $byte (i32.load8_u (local.get $at)))
    (i32.store8 (local.get $to) (call $hex (i32.shr_u (local.get $byte) (i32.const 4))))
    (i32.store8 offset=1 (local.get $to) (call $hex (local.get $byte)))
    (local.set $to (i32.add (local.get $to) (i32.const 2)))
    (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 131072))))
  (call $text (i32.const 393216) (i32.const 262144)))
