"""SUBSCRIBE and its kin, and the delivery of what is published."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.wire.glob import matches
from quorate.wire.values import Push, Reply


def deliver(sessions: Iterable[Session], channel: bytes, payload: bytes) -> Iterator[tuple[Session, Reply]]:
    """Who hears a message, and as what: by channel first, then by each matching pattern in order of subscription.

    Sessions that listen to nothing cost a test each. Muted ones hear it too (CLIENT REPLY OFF silences replies only).
    """
    by_channel: Push | None = None
    for session in sessions:
        if channel in session.channels:
            if by_channel is None:
                by_channel = Push([b"message", channel, payload])
            yield session, by_channel
        for pattern in session.patterns:
            if matches(pattern, channel):
                yield session, Push([b"pmessage", pattern, channel, payload])


def _names(session: Session, patterns: bool) -> dict[bytes, None]:
    return session.patterns if patterns else session.channels


def _confirmed(session: Session, word: bytes, name: bytes | None) -> Push:
    return Push([word, name, len(session.channels) + len(session.patterns)])


def _subscribe(patterns: bool, host: Host, session: Session, args: list[bytes]) -> Now:
    names = _names(session, patterns)
    word = b"psubscribe" if patterns else b"subscribe"
    replies: list[Reply] = []
    for name in args[1:]:
        names[name] = None
        replies.append(_confirmed(session, word, name))
    return Now(tuple(replies))


def _unsubscribe(patterns: bool, host: Host, session: Session, args: list[bytes]) -> Now:
    """Each name is confirmed, subscribed or not; no name means all of them, and nothing at all is confirmed as null."""
    names = _names(session, patterns)
    word = b"punsubscribe" if patterns else b"unsubscribe"
    wanted = args[1:] or list(names)
    replies: list[Reply] = []
    for name in wanted:
        names.pop(name, None)
        replies.append(_confirmed(session, word, name))
    if not wanted:
        replies.append(_confirmed(session, word, None))
    return Now(tuple(replies))


HANDLERS: Mapping[str, Handler] = {
    "subscribe": partial(_subscribe, False),
    "psubscribe": partial(_subscribe, True),
    "unsubscribe": partial(_unsubscribe, False),
    "punsubscribe": partial(_unsubscribe, True),
}
