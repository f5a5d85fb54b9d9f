;; What guests are made of, by the canonical ABI and by hand. A guest is given whatever it names of this and does
;; not define itself, with what that names in turn; what has no name here is in every guest.
;;
;; Memory: texts below 1024; answers below 4096; 4096 to 65536 is the guest's own; behind it, what is allocated.

;; What every plugin exports. By default it describes one tool, does nothing, and says so.

(memory $memory 4)
(export "memory" (memory $memory))
(export "cabi_realloc" (func $realloc))
(export "aftercall:tool/tools@0.1.0#list-tools" (func $list-tools))
(export "aftercall:tool/tools@0.1.0#call-tool" (func $call-tool))
(export "aftercall:tool/tools@0.1.0#reconcile" (func $reconcile))

(global $heap (mut i32) (i32.const 65536))
(func $realloc (param $old i32) (param $old-len i32) (param $align i32) (param $len i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and
    (i32.sub (i32.add (global.get $heap) (local.get $align)) (i32.const 1))
    (i32.sub (i32.const 0) (local.get $align))))
  (global.set $heap (i32.add (local.get $at) (local.get $len)))
  (local.get $at))

(func $list-tools (param $settings i32) (param $len i32) (result i32)
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 56)))
(func $call-tool (param $call i32) (result i32)
  (call $done))
(func $reconcile (param $call i32) (result i32)
  (call $found (i32.const 2)))

;; Texts.

(data (i32.const 16) "greet")
(data (i32.const 32) "Greets somebody.")
(data (i32.const 64) "{\"type\":\"object\",\"properties\":{\"who\":{\"type\":\"string\"}}}")
(data (i32.const 128) "done")
(data (i32.const 136) "no")
(data (i32.const 144) "thing")
(data (i32.const 152) "T1")
(data (i32.const 160) "/things")
(data (i32.const 176) "vendor.test")

;; What an export returns.

;; ok(outcome) with that text, at 1024: the text at 1032, data at 1040, receipts at 1052.
(func $text (param $at i32) (param $len i32) (result i32)
  (i32.store (i32.const 1032) (local.get $at))
  (i32.store (i32.const 1036) (local.get $len))
  (i32.const 1024))
(func $done (result i32)
  (call $text (i32.const 128) (i32.const 4)))
;; The same with that data.
(func $data (param $at i32) (param $len i32) (result i32)
  (i32.store8 (i32.const 1040) (i32.const 1))
  (i32.store (i32.const 1044) (local.get $at))
  (i32.store (i32.const 1048) (local.get $len))
  (call $done))
;; The same with so many receipts, all alike.
(func $receipts (param $n i32) (result i32)
  (local $at i32)
  (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.mul (local.get $n) (i32.const 28))))
  (i32.store (i32.const 1052) (local.get $at))
  (i32.store (i32.const 1056) (local.get $n))
  (loop $again
    (i32.store (local.get $at) (i32.const 152))
    (i32.store offset=4 (local.get $at) (i32.const 2))
    (i32.store offset=8 (local.get $at) (i32.const 144))
    (i32.store offset=12 (local.get $at) (i32.const 5))
    (local.set $at (i32.add (local.get $at) (i32.const 28)))
    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (call $done))
;; err(failure) of that kind, in the order of the contract, at 1024.
(func $fail (param $kind i32) (result i32)
  (i32.store8 (i32.const 1024) (i32.const 1))
  (i32.store8 (i32.const 1032) (local.get $kind))
  (i32.store (i32.const 1036) (i32.const 136))
  (i32.store (i32.const 1040) (i32.const 2))
  (i32.const 1024))
;; ok(finding), at 1024: 0 happened, 1 happened otherwise, 2 did not happen, 3 unknown.
(func $found (param $finding i32) (result i32)
  (i32.store8 (i32.const 1032) (local.get $finding))
  (i32.const 1024))

;; One tool of that name and schema, in ok(list), at 1024. It writes once; its identity is `who`.
(func $one-tool (param $name i32) (param $name-len i32) (param $schema i32) (param $schema-len i32) (result i32)
  (call $tool (i32.const 1088) (local.get $name) (local.get $name-len) (local.get $schema) (local.get $schema-len))
  (call $tools (i32.const 1088) (i32.const 1)))
(func $tools (param $at i32) (param $n i32) (result i32)
  (i32.store (i32.const 1028) (local.get $at))
  (i32.store (i32.const 1032) (local.get $n))
  (i32.const 1024))
;; A tool of 64 bytes: name 0, title 8, description 20, input 28, output 36, effect 48, identity 52, reconcilable 60.
(func $tool (param $at i32) (param $name i32) (param $name-len i32) (param $schema i32) (param $schema-len i32)
  (i32.store (local.get $at) (local.get $name))
  (i32.store offset=4 (local.get $at) (local.get $name-len))
  (i32.store offset=20 (local.get $at) (i32.const 32))
  (i32.store offset=24 (local.get $at) (i32.const 16))
  (i32.store offset=28 (local.get $at) (local.get $schema))
  (i32.store offset=32 (local.get $at) (local.get $schema-len))
  (i32.store8 offset=48 (local.get $at) (i32.const 2))
  (i32.store8 offset=60 (local.get $at) (i32.const 1)))

;; What a call is given: the name at 0, the arguments at 8. As a JSON text, without its quotes.
(func $argument (param $call i32) (result i32 i32)
  (i32.add (i32.load offset=8 (local.get $call)) (i32.const 1))
  (i32.sub (i32.load offset=12 (local.get $call)) (i32.const 2)))

;; Requests. What can't be done traps.

(func $must (param $error i32)
  (if (local.get $error) (then unreachable)))

;; A request to https://HOST/things, with that method (0 GET, 2 POST) and those headers.
(func $request (param $method i32) (param $host i32) (param $host-len i32) (param $fields i32) (result i32)
  (local $request i32)
  (local.set $request (call $request.new (local.get $fields)))
  (call $must (call $request.method (local.get $request) (local.get $method) (i32.const 0) (i32.const 0)))
  (call $must (call $request.scheme (local.get $request) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 0)))
  (call $must (call $request.authority (local.get $request) (i32.const 1) (local.get $host) (local.get $host-len)))
  (call $must (call $request.path (local.get $request) (i32.const 1) (i32.const 160) (i32.const 7)))
  (local.get $request))
;; Hands it to the host. The future of its answer; 0: it was refused at once.
(func $send (param $request i32) (result i32)
  (call $http.handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 2048))
  (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 0))))
  (i32.load (i32.const 2056)))
;; The answer. 0: there is none.
(func $await (param $future i32) (result i32)
  (local $ready i32)
  (if (i32.eqz (local.get $future)) (then (return (i32.const 0))))
  (call $poll.block (local.tee $ready (call $future.subscribe (local.get $future))))
  (call $poll.drop (local.get $ready))
  (call $future.get (local.get $future) (i32.const 2112))
  ;; some(ok(ok(response)))
  (if (i32.or (i32.load8_u (i32.const 2120)) (i32.load8_u (i32.const 2128))) (then (return (i32.const 0))))
  (i32.load (i32.const 2136)))
;; The status of the answer. 0: there is none.
(func $ask (param $method i32) (param $host i32) (param $host-len i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $await (call $send
    (call $request (local.get $method) (local.get $host) (local.get $host-len) (call $fields.new)))))
  (if (i32.eqz (local.get $answer)) (then (return (i32.const 0))))
  (call $response.status (local.get $answer)))
;; Posts to the vendor, and traps unless that was accepted.
(func $post
  (call $must (i32.ne (call $ask (i32.const 2) (i32.const 176) (i32.const 11)) (i32.const 201))))
;; Reads an answer's body into memory, one part behind the other.
(func $read (param $answer i32) (result i32 i32)
  (local $stream i32) (local $at i32)
  (call $response.consume (local.get $answer) (i32.const 2176))
  (call $body.stream (i32.load (i32.const 2180)) (i32.const 2192))
  (local.set $stream (i32.load (i32.const 2196)))
  (local.set $at (global.get $heap))
  (loop $again
    (call $stream.read (local.get $stream) (i64.const 65536) (i32.const 2208))
    (br_if $again (i32.eqz (i32.load8_u (i32.const 2208)))))
  (local.get $at)
  (i32.sub (global.get $heap) (local.get $at)))
;; Where a request's body is written to.
(func $body (param $request i32) (result i32)
  (call $request.body (local.get $request) (i32.const 2240))
  (i32.load (i32.const 2244)))
(func $writer (param $body i32) (result i32)
  (call $body.write (local.get $body) (i32.const 2256))
  (i32.load (i32.const 2260)))
;; Adds a header; 1: the host refuses it.
(func $header (param $fields i32) (param $name i32) (param $name-len i32) (param $value i32) (param $value-len i32)
  (result i32)
  (call $fields.append (local.get $fields) (local.get $name) (local.get $name-len)
    (local.get $value) (local.get $value-len) (i32.const 2304))
  (i32.load8_u (i32.const 2304)))

;; What the host offers.

(import "aftercall:tool/log@0.1.0" "write" (func $log (param i32 i32 i32)))
(import "aftercall:tool/settings@0.1.0" "get" (func $settings (param i32)))
(import "aftercall:tool/state@0.1.0" "get" (func $state.get (param i32 i32 i32)))
(import "aftercall:tool/state@0.1.0" "delete" (func $state.delete (param i32 i32 i32)))
(import "aftercall:tool/state@0.1.0" "put" (func $state.put (param i32 i32 i32 i32 i32)))

(import "wasi:clocks/monotonic-clock@0.2.12" "now" (func $clock.now (result i64)))
(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-instant" (func $clock.at (param i64) (result i32)))
(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $clock.after (param i64) (result i32)))
(import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $poll.block (param i32)))
(import "wasi:io/poll@0.2.12" "[resource-drop]pollable" (func $poll.drop (param i32)))
(import "wasi:io/poll@0.2.12" "poll" (func $poll.all (param i32 i32 i32)))
(import "wasi:random/random@0.2.12" "get-random-bytes" (func $random.bytes (param i64 i32)))
(import "wasi:random/random@0.2.12" "get-random-u64" (func $random.number (result i64)))
(import "wasi:random/insecure@0.2.12" "get-insecure-random-bytes" (func $random.insecure (param i64 i32)))
(import "wasi:cli/exit@0.2.12" "exit" (func $exit (param i32)))
(import "wasi:cli/environment@0.2.12" "get-environment" (func $environment (param i32)))
(import "wasi:cli/stdin@0.2.12" "get-stdin" (func $stdin (result i32)))
(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
(import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $stream.read (param i32 i64 i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
  (func $stream.write (param i32 i32 i32 i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.write-zeroes" (func $stream.zeroes (param i32 i64 i32)))

(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields.new (result i32)))
(import "wasi:http/types@0.2.12" "[method]fields.append" (func $fields.append (param i32 i32 i32 i32 i32 i32)))
(import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request.new (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-method"
  (func $request.method (param i32 i32 i32 i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-scheme"
  (func $request.scheme (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-authority"
  (func $request.authority (param i32 i32 i32 i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-path-with-query"
  (func $request.path (param i32 i32 i32 i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.body" (func $request.body (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $body.write (param i32 i32)))
(import "wasi:http/types@0.2.12" "[static]outgoing-body.finish" (func $body.finish (param i32 i32 i32 i32)))
(import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $stream.drop (param i32)))
(import "wasi:http/outgoing-handler@0.2.12" "handle" (func $http.handle (param i32 i32 i32 i32)))
(import "wasi:http/types@0.2.12" "[method]future-incoming-response.subscribe"
  (func $future.subscribe (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]future-incoming-response.get" (func $future.get (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-response.status" (func $response.status (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-response.consume" (func $response.consume (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-body.stream" (func $body.stream (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-response.headers"
  (func $response.headers (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]fields.entries" (func $response.headers.all (param i32 i32)))
