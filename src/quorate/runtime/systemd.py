"""Tell systemd (or upstart) how we are, over its own small protocol: one datagram per message, no library needed."""

import contextlib
import os
import signal
import socket
from collections.abc import Mapping
from enum import Enum


class Supervision(Enum):
    """Who supervises us: the words of the directive `supervised` and of INFO, but for `auto`, which finds out."""

    NO = "no"
    SYSTEMD = "systemd"
    UPSTART = "upstart"


def supervision(wanted: str, environment: Mapping[str, str]) -> Supervision:
    """What `supervised no|systemd|upstart|auto` comes to here. A supervisor that left no trace is none."""
    if wanted in ("auto", "upstart") and environment.get("UPSTART_JOB"):
        return Supervision.UPSTART
    if wanted in ("auto", "systemd") and environment.get("NOTIFY_SOCKET"):
        return Supervision.SYSTEMD
    return Supervision.NO


class Supervisor:
    """The messages of one life. Each is sent at most once and lost silently if nobody listens (sd_notify(3))."""

    def __init__(self, kind: Supervision, notify_socket: str = "") -> None:
        self.kind = kind
        self._address = "\0" + notify_socket[1:] if notify_socket.startswith("@") else notify_socket

    def ready(self, status: str) -> None:
        """We listen and our configuration is saved: others may count on us."""
        if self.kind is Supervision.UPSTART:
            # Upstart's `expect stop`: the job counts as started once it has stopped itself, and is continued then.
            os.environ.pop("UPSTART_JOB", None)
            os.kill(os.getpid(), signal.SIGSTOP)
        self._send(f"READY=1\nSTATUS={status}\n")

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={status}\n")

    def stopping(self) -> None:
        """We are on our way out."""
        self._send("STOPPING=1\n")

    def _send(self, message: str) -> None:
        if self.kind is not Supervision.SYSTEMD or not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(message.encode("utf-8", "surrogateescape"), os.fsencode(self._address))
