"""Runs other people's Sentinel test suites, unchanged, against our daemon: `make conformance`."""
