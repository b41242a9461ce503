"""The core's requests as the bytes of commands, under the names that the master's operator gave them."""

from functools import lru_cache

from quorate.core.requests import (
    AskConfig,
    AskDown,
    AskGone,
    Authenticate,
    HandOver,
    PauseWrites,
    PublishHello,
    Reconfigure,
    StepAside,
)
from quorate.model.hello import HELLO_CHANNEL, Hello
from quorate.wire.encode import encode_command
from quorate.wire.hello import format_hello


class Spelling:
    """How one connection writes commands. What never varies is encoded once (spec 5.1: the rename table)."""

    __slots__ = (
        "_names",
        "auth_name",
        "info",
        "kind",
        "offset",
        "ping",
        "publish_name",
        "resume_writes",
        "script_kill",
        "stop_hand_over",
        "subscribe",
    )

    def __init__(self, renames: tuple[tuple[str, str], ...]) -> None:
        # The first line about a command counts, as in MasterSettings.renamed.
        self._names = {old.lower(): new for old, new in reversed(renames)}
        self.ping = encode_command(self._name("PING"))
        self.info = encode_command(self._name("INFO"))
        self.kind = encode_command(self._name("SENTINEL"), "QUORATE")
        self.offset = encode_command(self._name("INFO"), "replication")
        self.resume_writes = encode_command(self._name("CLIENT"), "UNPAUSE")
        self.script_kill = encode_command(self._name("SCRIPT"), "KILL")
        self.stop_hand_over = encode_command(self._name("FAILOVER"), "ABORT")
        self.subscribe = encode_command(self._name("SUBSCRIBE"), HELLO_CHANNEL)
        self.auth_name = self._name("AUTH")
        self.publish_name = self._name("PUBLISH")

    def authenticate(self, request: Authenticate) -> bytes:
        """AUTH, in the one-argument form without a user."""
        words = (request.user, request.password) if request.user else (request.password,)
        return encode_command(self.auth_name, *words)

    def name_client(self, name: str) -> bytes:
        """CLIENT SETNAME."""
        return encode_command(self._name("CLIENT"), "SETNAME", name)

    def publish(self, request: PublishHello) -> bytes:
        """PUBLISH to the hello channel."""
        return _published(self.publish_name, request.hello)

    def ask_down(self, request: AskDown) -> bytes:
        """SENTINEL is-master-down-by-addr."""
        return encode_command(
            self._name("SENTINEL"),
            "is-master-down-by-addr",
            request.ip,
            request.port,
            request.epoch,
            request.candidate if request.candidate is not None else "*",
        )

    def ask_config(self, request: AskConfig) -> bytes:
        """SENTINEL QUORATE name, or SENTINEL MASTER name for C Sentinel."""
        return encode_command(self._name("SENTINEL"), "QUORATE" if request.ours else "MASTER", request.master)

    def ask_gone(self, request: AskGone) -> bytes:
        """SENTINEL QUORATE name ip port."""
        return encode_command(self._name("SENTINEL"), "QUORATE", request.master, request.ip, request.port)

    def reconfigure(self, request: Reconfigure) -> bytes:
        """The transaction of six commands that makes a replica or a master (spec 5.6)."""
        return self._transaction(*self._turning(request.target or ("NO", "ONE")))

    def rehearse(self) -> bytes:
        """Every command that a planned move needs, with arguments that do nothing: a missing right refuses them all."""
        client = self._name("CLIENT")
        return self._transaction(
            encode_command(client, "PAUSE", 0, "WRITE"),
            self.resume_writes,
            self.offset,
            encode_command(self._name("SLAVEOF"), "127.0.0.1", "rehearsal"),
            encode_command(self._name("CONFIG"), "REWRITE"),
            encode_command(client, "KILL", "TYPE", "rehearsal"),
        )

    def rehearse_hand_over(self) -> bytes:
        """As `rehearse`, for a move that the server makes itself; no FAILOVER takes a time-out of 0."""
        return self._transaction(
            encode_command(self._name("FAILOVER"), "TIMEOUT", 0),
            self.offset,
            encode_command(self._name("SLAVEOF"), "127.0.0.1", "rehearsal"),
            encode_command(self._name("CONFIG"), "REWRITE"),
            encode_command(self._name("CLIENT"), "KILL", "TYPE", "rehearsal"),
        )

    def hand_over(self, request: HandOver) -> bytes:
        """FAILOVER to one replica."""
        return encode_command(self._name("FAILOVER"), "TO", *request.target, "TIMEOUT", request.millis)

    def pause_writes(self, request: PauseWrites) -> bytes:
        """CLIENT PAUSE for writes, and how far the stream had come by then, in one transaction."""
        pause = encode_command(self._name("CLIENT"), "PAUSE", request.millis, "WRITE")
        return self._transaction(pause, self.offset)

    def step_aside(self, request: StepAside) -> bytes:
        """How far the stream has come, and then as `reconfigure`, in one transaction."""
        return self._transaction(self.offset, *self._turning(request.target))

    def _turning(self, target: tuple[str, int | str]) -> tuple[bytes, ...]:
        client = self._name("CLIENT")
        return (
            encode_command(self._name("SLAVEOF"), *target),
            encode_command(self._name("CONFIG"), "REWRITE"),
            encode_command(client, "KILL", "TYPE", "normal"),
            encode_command(client, "KILL", "TYPE", "pubsub"),
        )

    def _transaction(self, *commands: bytes) -> bytes:
        return b"".join((encode_command(self._name("MULTI")), *commands, encode_command(self._name("EXEC"))))

    def _name(self, command: str) -> str:
        return self._names.get(command.lower(), command)


@lru_cache(maxsize=4096)
def _published(command: str, hello: Hello) -> bytes:
    """A hello as bytes, kept because the same one goes out every two seconds."""
    return encode_command(command, HELLO_CHANNEL, format_hello(hello))


PLAIN = Spelling(())
"""For the usual case: nothing renamed."""


def spelling(renames: tuple[tuple[str, str], ...]) -> Spelling:
    """The spelling for a rename table."""
    return Spelling(renames) if renames else PLAIN
