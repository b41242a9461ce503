"""SENTINEL CONFIG GET and SET: the options of this sentinel as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from quorate.commands.contract import Answer, Host, Later, Now, Session
from quorate.commands.errors import refused
from quorate.commands.numbers import integer
from quorate.commands.results import reply_of, whole
from quorate.core.inputs import Caller, GlobalsChanged
from quorate.model.address import MAX_PORT
from quorate.model.identity import bytes_of, text_of
from quorate.model.notice import Level
from quorate.model.settings import GlobalSettings, Mode
from quorate.wire.glob import matches
from quorate.wire.values import Map, Reply

_USAGE = (
    "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> ...] are "
    "supported."
)
_USAGE_7_0 = "ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported."

_LEVELS = frozenset(level.name.lower() for level in Level)
_CREDENTIALS = frozenset({b"sentinel-user", b"sentinel-pass"})


@dataclass(frozen=True, slots=True)
class _Option:
    """How an option is shown, and how a value is put into the settings: None for a value that it cannot have."""

    get: Callable[[GlobalSettings], str]
    put: Callable[[GlobalSettings, bytes], GlobalSettings | None]


def _put_resolve(settings: GlobalSettings, value: bytes) -> GlobalSettings | None:
    answer = _yes_or_no(value)
    return None if answer is None else replace(settings, resolve_hostnames=answer)


def _put_announce_hostnames(settings: GlobalSettings, value: bytes) -> GlobalSettings | None:
    answer = _yes_or_no(value)
    return None if answer is None else replace(settings, announce_hostnames=answer)


def _put_announce_port(settings: GlobalSettings, value: bytes) -> GlobalSettings | None:
    port = integer(value)
    return replace(settings, announce_port=port) if port is not None and 0 <= port <= MAX_PORT else None


def _put_loglevel(settings: GlobalSettings, value: bytes) -> GlobalSettings | None:
    level = text_of(value.lower())
    return replace(settings, loglevel=level) if level in _LEVELS else None


def _yes_or_no(value: bytes) -> bool | None:
    return {b"yes": True, b"no": False}.get(value.lower())


def _word(answer: bool) -> str:
    return "yes" if answer else "no"


# In the order in which CONFIG GET tells them.
_OPTIONS: Mapping[bytes, _Option] = {
    b"resolve-hostnames": _Option(lambda settings: _word(settings.resolve_hostnames), _put_resolve),
    b"announce-hostnames": _Option(lambda settings: _word(settings.announce_hostnames), _put_announce_hostnames),
    # An empty address means: find out by ourselves. (C announces the empty text, and its peers drop it.)
    b"announce-ip": _Option(
        lambda settings: settings.announce_ip, lambda settings, value: replace(settings, announce_ip=text_of(value))
    ),
    b"announce-port": _Option(lambda settings: str(settings.announce_port), _put_announce_port),
    b"sentinel-user": _Option(
        lambda settings: settings.sentinel_user, lambda settings, value: replace(settings, sentinel_user=text_of(value))
    ),
    b"sentinel-pass": _Option(
        lambda settings: settings.sentinel_pass, lambda settings, value: replace(settings, sentinel_pass=text_of(value))
    ),
    b"loglevel": _Option(lambda settings: settings.loglevel, _put_loglevel),
}
# Redis 7.0 has no loglevel here.
_OPTIONS_7_0 = {name: option for name, option in _OPTIONS.items() if name != b"loglevel"}


def config(host: Host, session: Session, args: list[bytes]) -> Answer:
    """GET patterns or SET pairs; Redis 7.0 takes a single pattern or pair."""
    settings = host.view().settings
    verb, words = args[2].lower(), args[3:]
    if settings.mode is Mode.REDIS_7_0:
        if verb == b"get" and len(words) == 1:
            return _get(settings, words, _OPTIONS_7_0)
        if verb == b"set" and len(words) == 2:
            return _set(settings, words, _OPTIONS_7_0)
        return refused(_USAGE_7_0)
    if verb == b"get":
        return _get(settings, words, _OPTIONS)
    if verb == b"set" and len(words) >= 2:
        return _set(settings, words, _OPTIONS)
    return refused(_USAGE)


def _get(settings: GlobalSettings, patterns: list[bytes], options: Mapping[bytes, _Option]) -> Now:
    """Every option that fits a pattern, once."""
    found: dict[bytes, Reply] = {}
    for pattern in patterns:
        for name, option in options.items():
            if name not in found and matches(pattern, name, True):
                found[name] = bytes_of(option.get(settings))
    return Now((Map(list(found.items())),))


def _set(settings: GlobalSettings, words: list[bytes], options: Mapping[bytes, _Option]) -> Answer:
    """All of the pairs or none."""
    seen: set[bytes] = set()
    for at in range(0, len(words), 2):
        shown, name = whole(words[at]), words[at].lower()
        if name in seen:
            return refused(f"ERR Duplicate argument '{shown}' to SENTINEL CONFIG SET")
        option = options.get(name)
        if option is None:
            return refused(f"ERR Invalid argument '{shown}' to SENTINEL CONFIG SET")
        if at + 1 == len(words):
            return refused(f"ERR Missing argument '{shown}' value")
        changed = option.put(settings, words[at + 1])
        if changed is None:
            return refused(f"ERR Invalid value '{whole(words[at + 1])}' to SENTINEL CONFIG SET '{shown}'")
        seen.add(name)
        settings = changed
    new = settings
    reconnect = not seen.isdisjoint(_CREDENTIALS)

    def ask(caller: Caller) -> GlobalsChanged:
        return GlobalsChanged(caller, new, reconnect)

    return Later(ask, reply_of)
