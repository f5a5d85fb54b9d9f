;; Wants the host to give it a core module to run.
(component
  (import "env" (core module
    (import "env" "memory" (memory 1))
    (export "run" (func)))))
