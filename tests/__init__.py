"""Tests of Quorate: one folder per floor, `house` for the rules of the code itself, `conformance` for peers' suites."""
