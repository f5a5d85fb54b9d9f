;; Describes arguments by a pattern that is a thousand times larger once it is compiled.
(data (i32.const 4096) "{\"type\":\"object\",\"properties\":{\"who\":{\"pattern\":\"(((a{1,100}){1,100}){1,100}){1,100}\"}}}")
(func $list-tools (param i32 i32) (result i32)
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 4096) (i32.const 88)))
