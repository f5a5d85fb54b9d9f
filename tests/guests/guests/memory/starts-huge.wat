;; Wants four gigabytes before it does anything.
(memory $memory 65536)
