"""Measurements side by side with C Sentinel, in one run on one machine; never part of the tests."""
