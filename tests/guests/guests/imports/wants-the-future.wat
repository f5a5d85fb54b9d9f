;; Wants a version of the contract that there is not yet.
(component
  (import "aftercall:tool/log@9.0.0" (instance
    (export "write" (func (param "level" u8) (param "message" string))))))
