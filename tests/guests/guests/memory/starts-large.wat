;; Wants thirty-two megabytes before it does anything.
(memory $memory 512)
