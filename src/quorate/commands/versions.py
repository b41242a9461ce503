"""Which server each mode claims to be, where a client can read it."""

from collections.abc import Mapping
from typing import NamedTuple

from quorate.model.settings import Mode


class Version(NamedTuple):
    """The server's name in HELLO and the version that it gives."""

    server: str
    number: str


VERSIONS: Mapping[Mode, Version] = {
    Mode.REDIS_7_0: Version("redis", "7.0.15"),
    Mode.REDIS_7_2: Version("redis", "7.2.11"),
    Mode.VALKEY_8: Version("valkey", "8.1.1"),
    Mode.QUORATE: Version("redis", "7.2.11"),
}

COMPATIBLE_REDIS = "7.2.4"
"""What Valkey says in `redis_version`: the Redis that it branched off from."""
