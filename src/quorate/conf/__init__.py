"""sentinel.conf to values and back, keeping every byte that is the operator's."""
