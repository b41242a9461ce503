"""Real processes under real faults: what a failover costs, and whether each loss has a reason (`quorate drill`)."""
