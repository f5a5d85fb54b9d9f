;; Wants a table of ten million functions before it does anything.
(table $table 10000000 funcref)
