"""Quorate: high availability for Redis and Valkey over the Sentinel protocol."""

__version__ = "0.1.0"
