"""Real processes under real faults: what a failover costs, and whether every loss has a reason. Behind `quorate drill`."""
