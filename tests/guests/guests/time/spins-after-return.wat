;; Answers, and then computes without end in what the host calls to free the answer.
(func $free (param i32)
  (loop $again (br $again)))
(export "cabi_post_aftercall:tool/tools@0.1.0#call-tool" (func $free))
