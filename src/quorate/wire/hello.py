"""The text of a hello: eight fields between commas (sentinel-spec, section 4).

Whoever may publish on a monitored server can write one, so nothing of it is believed beyond its form: every field that
passes is harmless in a file, a log or a command line.
"""

import re
from functools import lru_cache

from quorate.model.address import MAX_PORT
from quorate.model.hello import Hello
from quorate.model.identity import EPOCH_LIMIT, Epoch, MasterName, RunId, bytes_of, is_run_id, text_of
from quorate.wire.plain import host_of, leading_number

MAX_PAYLOAD = 46 + 1024
"""Bytes; what C Sentinel has room for when it writes one."""

# No blank of any alphabet, no control character and no comma.
_NAME = re.compile(r"[^\s\x00-\x20\x7f-\x9f,]+")


def format_hello(hello: Hello) -> bytes:
    """The payload to publish."""
    return bytes_of(
        f"{hello.sender_host},{hello.sender_port},{hello.sender_id},{hello.current_epoch},"
        f"{hello.master},{hello.master_host},{hello.master_port},{hello.config_epoch}",
    )


def parse_hello(payload: bytes) -> Hello | None:
    """The hello in `payload`, or None if any field is not what it must be.

    Equal payloads give the same object, so that a hello heard again is known by identity and costs nothing. Numbers are
    read as leniently as C does (garbage is 0), then must be in range: epochs 0 <= e < 2**63, the master's port 1 to
    65535, the sender's 0 to 65535 (0: a sentinel that cannot be dialled still counts as one).
    """
    return _parse(payload) if len(payload) <= MAX_PAYLOAD else None


@lru_cache(maxsize=4096)
def _parse(payload: bytes) -> Hello | None:
    fields = payload.split(b",")
    if len(fields) != 8:
        return None
    sender_host, master_host = host_of(fields[0]), host_of(fields[5])
    sender_id, name = text_of(fields[2]), text_of(fields[4])
    sender_port, master_port = leading_number(fields[1]), leading_number(fields[6])
    current_epoch, config_epoch = leading_number(fields[3]), leading_number(fields[7])
    if sender_host is None or master_host is None or not is_run_id(sender_id) or not _NAME.fullmatch(name):
        return None
    if not (0 <= sender_port <= MAX_PORT and 1 <= master_port <= MAX_PORT):
        return None
    if not (0 <= current_epoch < EPOCH_LIMIT and 0 <= config_epoch < EPOCH_LIMIT):
        return None
    return Hello(
        sender_host,
        sender_port,
        RunId(sender_id),
        Epoch(current_epoch),
        MasterName(name),
        master_host,
        master_port,
        Epoch(config_epoch),
    )
