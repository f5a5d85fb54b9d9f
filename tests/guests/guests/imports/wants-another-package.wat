;; Wants an interface that somebody else's host has.
(component
  (import "fermyon:spin/llm@2.0.0" (instance
    (export "infer" (func (param "prompt" string) (result string))))))
