;; Describes arguments by a pattern that some engines need forever for.
(data (i32.const 4096) "{\"type\":\"object\",\"properties\":{\"who\":{\"pattern\":\"^(a+)+$\"}}}")
(func $list-tools (param i32 i32) (result i32)
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 4096) (i32.const 60)))
