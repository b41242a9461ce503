"""What a client's connection needs of those who own all connections."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from quorate.commands.acl import Book
from quorate.commands.contract import Answer, Later, Session
from quorate.conf.options import OutputLimit
from quorate.core.inputs import Input
from quorate.model.millis import Millis
from quorate.runtime.ports import Flushable

if TYPE_CHECKING:
    from quorate.runtime.session import Connection


class House(Protocol):
    """The owner of all connections, as one of them sees it."""

    acl: Book
    max_query: int
    commands_processed: int
    bytes_in: int
    bytes_out: int
    protocol_errors: int

    def admit(self, connection: "Connection", transport: asyncio.Transport) -> Session | None:
        """A session for a new connection; None when it was turned away."""
        ...

    def dispatch(self, session: Session, request: list[bytes]) -> Answer: ...
    def ask(self, connection: "Connection", later: Later, stamp: Millis) -> None:
        """Put a question to the core; the connection's `answered` is called when its result comes, perhaps at once."""
        ...

    def feed(self, event: Input, stamp: Millis | None = None) -> None: ...
    def feed_all(self, events: Sequence[Input], stamp: Millis) -> None: ...
    def postpone(self, connection: "Connection") -> None:
        """Call `retry` when the pause is over."""
        ...

    def touch(self, connection: Flushable) -> None: ...
    def asked(self, now: Millis) -> None:
        """A client asked what can be answered at once."""
        ...

    def listens(self, connection: "Connection", *, subscribed: bool) -> None: ...
    def too_much_buffered(self, connection: "Connection", size: int) -> bool:
        """True if all clients together hold too many unfinished requests to let this one go on."""
        ...

    def output_limit(self, *, subscribed: bool) -> OutputLimit: ...
    def closed_for(self, session: Session, reason: str) -> None:
        """A line for the log."""
        ...

    def leave(self, connection: "Connection") -> None: ...
    def later(self, seconds: float, connection: "Connection") -> None:
        """Call `look_again` after so many seconds."""
        ...
