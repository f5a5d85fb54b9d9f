;; Has more memories than the pool holds for it.
(memory $second 1)
(memory $third 1)
