"""A world on a seed: the core and its driver, unmodified, among simulated networks, disks, servers and operators."""
