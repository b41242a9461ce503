"""What others may ask of a sentinel: one table of commands, and a handler for each. No I/O."""
