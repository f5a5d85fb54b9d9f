;; Describes arguments by a pattern that only an engine that tries everything can match.
(data (i32.const 4096) "{\"type\":\"object\",\"properties\":{\"who\":{\"pattern\":\"(a*)*\\\\1(?=b)\"}}}")
(func $list-tools (param i32 i32) (result i32)
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 4096) (i32.const 66)))
