;; Traps before anything is asked of it.
(func $trap unreachable)
(start $trap)
