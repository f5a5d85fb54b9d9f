;; Gives the host room for the arguments that is not there.
(func $realloc (param i32 i32 i32 i32) (result i32)
  (i32.const -16))
