"""Every decision, and no I/O: time and chance are arguments, effects are values."""
