;; Posts to http://HOST/things, where the arguments are "HOST". Answers below 300 are its success; all else is a failure
;; that says nothing of the reason.
(module
  (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-method"
    (func $method (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-scheme"
    (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-authority"
    (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-path-with-query"
    (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]future-incoming-response.subscribe"
    (func $subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-response.status" (func $status (param i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.12" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 8192))
  (data (i32.const 16) "/things")
  (data (i32.const 32) "posted")
  (data (i32.const 48) "no answer")
  ;; At 1536, ok(outcome): a text, no data, no receipt.
  (data (i32.const 1536) "\00\00\00\00\00\00\00\00" "\20\00\00\00\06\00\00\00")
  ;; At 1792, err(failure): unavailable, a message.
  (data (i32.const 1792) "\01\00\00\00\00\00\00\00" "\05\00\00\00" "\30\00\00\00\09\00\00\00")

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  ;; Sends the request; whether an answer below 300 came.
  (func $post (param $host i32) (param $len i32) (result i32)
    (local $request i32) (local $future i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $method (local.get $request) (i32.const 2) (i32.const 0) (i32.const 0)))
    (drop (call $scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $request) (i32.const 1) (local.get $host) (local.get $len)))
    (drop (call $path (local.get $request) (i32.const 1) (i32.const 16) (i32.const 7)))
    (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 0))))
    (local.set $future (i32.load (i32.const 2056)))
    (call $block (call $subscribe (local.get $future)))
    (call $get (local.get $future) (i32.const 2304))
    ;; some(ok(ok(response)))
    (if (i32.or (i32.load8_u (i32.const 2312)) (i32.load8_u (i32.const 2320))) (then (return (i32.const 0))))
    (i32.lt_u (call $status (i32.load (i32.const 2328))) (i32.const 300)))

  ;; The arguments are the second text of the parameters: without their quotes, they are the host.
  (func $try (param $arguments i32) (param $len i32) (result i32)
    (call $post (i32.add (local.get $arguments) (i32.const 1)) (i32.sub (local.get $len) (i32.const 2))))

  (func (export "aftercall:tool/tools@0.1.0#list-tools") (param i32 i32) (result i32)
    (drop (call $post (i32.const 32) (i32.const 6)))
    (i32.const 0))

  (func (export "aftercall:tool/tools@0.1.0#call-tool") (param i32) (result i32)
    (select (i32.const 1536) (i32.const 1792) (call $try (i32.load offset=8 (local.get 0)) (i32.load offset=12 (local.get 0)))))

  (func (export "aftercall:tool/tools@0.1.0#reconcile") (param i32) (result i32)
    (drop (call $try (i32.load offset=8 (local.get 0)) (i32.load offset=12 (local.get 0))))
    (i32.const 1792)))
