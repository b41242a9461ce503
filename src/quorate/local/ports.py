"""Free ports on the loopback address."""

import socket
import time
from collections.abc import Collection, Sequence

from quorate.local.plan import HOST, MAX_PORT
from quorate.local.trouble import LocalError


def is_free(port: int) -> bool:
    """True if we could listen there now. A connection that is only fading away does not count as taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def exactly(ports: Sequence[int], hint: str) -> None:
    """Raise LocalError unless all are free. They get a second: their last owner may just be leaving."""
    deadline = time.monotonic() + 1.0
    taken = [port for port in ports if not is_free(port)]
    while taken and time.monotonic() < deadline:
        time.sleep(0.05)
        taken = [port for port in taken if not is_free(port)]
    if taken:
        listed = ", ".join(map(str, taken))
        raise LocalError(
            f"Port {listed} is taken by another process."
            if len(taken) == 1
            else f"Ports {listed} are taken by other processes.",
            hint,
        )


def next_free(first: int, count: int, reserved: Collection[int]) -> tuple[int, ...]:
    """The first `count` free ports from `first` on. Raises LocalError when there are not that many."""
    found: list[int] = []
    for port in range(first, MAX_PORT + 1):
        if len(found) == count:
            break
        if port not in reserved and is_free(port):
            found.append(port)
    if len(found) < count:
        raise LocalError(f"There are no {count} free ports from {first} on.", "Choose a lower --port.")
    return tuple(found)
