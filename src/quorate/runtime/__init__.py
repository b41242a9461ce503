"""The real world around the core: sockets, clocks, disks, scripts, names, signals."""
