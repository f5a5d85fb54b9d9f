;; Describes arguments by two thousand patterns, each a hundred times larger once it is compiled.
(data (i32.const 4096) "{\"type\":\"object\",\"properties\":{\"who\":{\"allOf\":[")
(data (i32.const 4160) "{\"pattern\":\"(a{1,30}){1,30}\"},")
(data (i32.const 4224) "{}]}}}")
(func $list-tools (param i32 i32) (result i32)
  (local $at i32) (local $n i32)
  (memory.copy (i32.const 131072) (i32.const 4096) (i32.const 47))
  (local.set $at (i32.const 131119))
  (loop $again
    (memory.copy (local.get $at) (i32.const 4160) (i32.const 30))
    (local.set $at (i32.add (local.get $at) (i32.const 30)))
    (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1900))))
  (memory.copy (local.get $at) (i32.const 4224) (i32.const 6))
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 131072) (i32.const 57053)))
