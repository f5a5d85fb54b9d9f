;; Describes arguments that contain themselves.
(data (i32.const 4096) "{\"type\":\"object\",\"$defs\":{\"a\":{\"items\":{\"$ref\":\"#/$defs/a\"}}},\"properties\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}")
(func $list-tools (param i32 i32) (result i32)
  (call $one-tool (i32.const 16) (i32.const 5) (i32.const 4096) (i32.const 102)))
