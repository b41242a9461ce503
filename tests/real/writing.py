"""Clients that write while a master is moved."""

from benchmarks.writers import Writers
from tests.real.cluster import Trio


def writers_of(trio: Trio) -> Writers:
    """Twenty closed loops, together a thousand writes a second."""
    return Writers([sentinel.port for sentinel in trio.sentinels], 20, 50.0)
