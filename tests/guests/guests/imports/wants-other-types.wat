;; Wants the log, but with parameters of its own choice.
(component
  (import "aftercall:tool/log@0.1.0" (instance
    (export "write" (func (param "message" (list string))))))
  (instance $tools)
  (export "aftercall:tool/tools@0.1.0" (instance $tools)))
