;; Exports what looks like a plugin by its name alone.
(component
  (instance $tools)
  (export "aftercall:tool/tools@0.1.0" (instance $tools)))
