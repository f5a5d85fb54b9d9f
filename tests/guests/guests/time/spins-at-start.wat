;; Computes without end before anything is asked of it.
(func $spin
  (loop $again (br $again)))
(start $spin)
