"""CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO: accepted and read back, though a sentinel has no keys to track."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from quorate.commands.contract import Handler, Host, Now, Session, Tracking
from quorate.commands.errors import SYNTAX, refused
from quorate.commands.numbers import NOT_AN_INTEGER, integer
from quorate.model.identity import text_of
from quorate.wire.values import OK, Map, Reply, Set

_RESTART = "before disabling tracking for this client, and then re-enabling it with a different mode."


@dataclass(slots=True)
class _Asked:
    """The options of one CLIENT TRACKING."""

    words: set[bytes]
    prefixes: list[bytes]
    redirect: int = 0


def _options(host: Host, args: list[bytes]) -> _Asked | str:
    """The options read, or the error of the first bad one."""
    asked = _Asked(set(), [])
    rest = iter(args[3:])
    for raw in rest:
        word = raw.lower()
        if word in {b"bcast", b"optin", b"optout", b"noloop"}:
            asked.words.add(word)
            continue
        value = next(rest, None) if word in {b"redirect", b"prefix"} else None
        if value is None:
            return SYNTAX
        if word == b"prefix":
            asked.prefixes.append(value)
            continue
        if asked.redirect:
            return "ERR A client can only redirect to a single other client"
        target = integer(value)
        if target is None:
            return NOT_AN_INTEGER
        if all(session.id != target for session in host.sessions()):
            return "ERR The client ID you want redirect to does not exist"
        asked.redirect = target
    return asked


def _conflict(old: Tracking | None, asked: _Asked) -> str | None:
    """Why these options cannot be, by themselves or after what is on already."""
    bcast, optin, optout = (word in asked.words for word in (b"bcast", b"optin", b"optout"))
    if asked.prefixes and not bcast:
        return "ERR PREFIX option requires BCAST mode to be enabled"
    if old is not None and old.bcast != bcast:
        return f"ERR You can't switch BCAST mode on/off {_RESTART}"
    if bcast and (optin or optout):
        return "ERR OPTIN and OPTOUT are not compatible with BCAST"
    if optin and optout:
        return "ERR You can't specify both OPTIN mode and OPTOUT mode"
    if old is not None and ((optin and old.optout) or (optout and old.optin)):
        return f"ERR You can't switch OPTIN/OPTOUT mode {_RESTART}"
    return _overlap(old.prefixes if old is not None else (), asked.prefixes) if bcast else None


def _overlap(existing: tuple[bytes, ...], new: list[bytes]) -> str | None:
    for place, prefix in enumerate(new):
        pairs = [(other, "an existing") for other in existing]
        pairs += [(other, "another provided") for other in new[place + 1 :]]
        for other, which in pairs:
            if prefix.startswith(other) or other.startswith(prefix):
                return (
                    f"ERR Prefix '{text_of(prefix)}' overlaps with {which} prefix '{text_of(other)}'. "
                    "Prefixes for a single client must not overlap."
                )
    return None


def track(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT TRACKING ON|OFF with its options."""
    asked = _options(host, args)
    if isinstance(asked, str):
        return refused(asked)
    switch = args[2].lower()
    if switch == b"off":
        session.tracking = None
        return Now((OK,))
    if switch != b"on":
        return refused(SYNTAX)
    conflict = _conflict(session.tracking, asked)
    if conflict is not None:
        return refused(conflict)
    bcast = b"bcast" in asked.words
    known = session.tracking.prefixes if session.tracking is not None else ()
    # Without a prefix BCAST means every key, which is the empty prefix.
    prefixes = (*known, *(asked.prefixes or (() if known else (b"",)))) if bcast else ()
    session.tracking = Tracking(
        redirect=asked.redirect,
        bcast=bcast,
        optin=b"optin" in asked.words,
        optout=b"optout" in asked.words,
        noloop=b"noloop" in asked.words,
        prefixes=prefixes,
    )
    return Now((OK,))


def caching(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT CACHING YES|NO."""
    tracking = session.tracking
    if tracking is None:
        return refused(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode "
            "with OPTIN or OPTOUT mode enabled"
        )
    word = args[2].lower()
    if word not in {b"yes", b"no"}:
        return refused(SYNTAX)
    if not (tracking.optin if word == b"yes" else tracking.optout):
        mode = "OPTIN" if word == b"yes" else "OPTOUT"
        answer = word.decode().upper()
        return refused(f"ERR CLIENT CACHING {answer} is only valid when tracking is enabled in {mode} mode.")
    session.tracking = replace(tracking, caching=True)
    return Now((OK,))


def caching_used(session: Session, command: str) -> None:
    """CLIENT CACHING is meant for the next command that is not CLIENT itself: forget it when that has come."""
    tracking = session.tracking
    if tracking is not None and tracking.caching and not command.startswith("client|"):
        session.tracking = replace(tracking, caching=False)


def redirection(session: Session) -> int:
    """The client that invalidations go to: 0 for itself, -1 when nothing is tracked."""
    return session.tracking.redirect if session.tracking is not None else -1


def getredir(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT GETREDIR."""
    return Now((redirection(session),))


def tracking_info(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT TRACKINGINFO."""
    flags: list[Reply] = []
    prefixes: list[Reply] = []
    tracking = session.tracking
    if tracking is None:
        flags.append(b"off")
    else:
        shown = (
            (True, b"on"),
            (tracking.bcast, b"bcast"),
            (tracking.optin, b"optin"),
            (tracking.optin and tracking.caching, b"caching-yes"),
            (tracking.optout, b"optout"),
            (tracking.optout and tracking.caching, b"caching-no"),
            (tracking.noloop, b"noloop"),
        )
        flags += [word for on, word in shown if on]
        prefixes += tracking.prefixes
    return Now((Map([(b"flags", Set(flags)), (b"redirect", redirection(session)), (b"prefixes", prefixes)]),))


HANDLERS: Mapping[str, Handler] = {
    "client|tracking": track,
    "client|caching": caching,
    "client|getredir": getredir,
    "client|trackinginfo": tracking_info,
}
