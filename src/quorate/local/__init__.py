"""A whole cluster on this machine: servers and sentinels as child processes, behind `quorate up`."""
