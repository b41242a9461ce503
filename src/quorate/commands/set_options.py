"""SENTINEL SET: the options of one master, applied from left to right; those before a bad one stay."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from quorate.commands.contract import Answer, Host, Later, Session
from quorate.commands.errors import refused
from quorate.commands.numbers import integer
from quorate.commands.results import NO_SUCH_MASTER, reply_of, whole
from quorate.core.inputs import Caller, SettingsChanged
from quorate.model import candidates, evidence
from quorate.model.address import MAX_PORT, numeric
from quorate.model.identity import MasterName, bytes_of, text_of
from quorate.model.settings import MasterSettings

LARGEST = (1 << 31) - 1
"""No number is larger in the file, which a C sentinel reads as ints; in milliseconds this is 24 days."""

_MASK = "******"
_DENIED = (
    "Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig configuration "
    "directive in your Sentinel configuration"
)


class _OptionError(ValueError):
    """Why an option cannot be set; the text of the error without ERR."""


@dataclass(slots=True)
class _Change:
    """The settings as they become, and what to tell about it."""

    host: Host
    settings: MasterSettings
    events: list[str]
    reconnect: bool = False


Setter: TypeAlias = Callable[[_Change, bytes, bytes], None]
"""Applies one option: (change, option as typed, value)."""


def _bad(value: bytes, option: bytes) -> _OptionError:
    return _OptionError(f"Invalid argument '{whole(value)}' for SENTINEL SET '{whole(option)}'")


def _number(value: bytes, option: bytes, least: int) -> int:
    number = integer(value)
    if number is None or number < least:
        raise _bad(value, option)
    return min(number, LARGEST)


def _down_after(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, down_after=_number(value, option, 1))


def _failover_timeout(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, failover_timeout=_number(value, option, 1))


def _parallel_syncs(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, parallel_syncs=_number(value, option, 1))


def _quorum(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, quorum=_number(value, option, 1))


def _reboot_down_after(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, reboot_down_after=_number(value, option, 0))


def _notification_script(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, notification_script=_script(change, value, "Notification"))


def _reconfig_script(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, client_reconfig_script=_script(change, value, "Client reconfiguration"))


def _script(change: _Change, value: bytes, kind: str) -> str:
    """The path of a script that may be set, "" to have none."""
    if change.host.view().settings.deny_scripts_reconfig:
        raise _OptionError(_DENIED)
    path = text_of(value)
    if path and not change.host.is_executable(path):
        raise _OptionError(f"{kind} script seems non existing or non executable")
    return path


def _auth_pass(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, auth_pass=text_of(value))
    change.reconnect = True


def _auth_user(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, auth_user=text_of(value))
    change.reconnect = True


def _candidate_max_lag(change: _Change, option: bytes, value: bytes) -> None:
    lag = candidates.lag(value)
    if lag is None:
        raise _bad(value, option)
    change.settings = replace(change.settings, max_lag=lag)


def _crash_detection(change: _Change, option: bytes, value: bytes) -> None:
    word = evidence.detection(value)
    if word is None:
        raise _bad(value, option)
    change.settings = replace(change.settings, crash_detection=word)


def _confirm_by_replicas(change: _Change, option: bytes, value: bytes) -> None:
    wanted = evidence.yes_or_no(value)
    if wanted is None:
        raise _bad(value, option)
    change.settings = replace(change.settings, confirm_by_replicas=wanted)


def _confirm_timeout(change: _Change, option: bytes, value: bytes) -> None:
    change.settings = replace(change.settings, confirm_timeout=_number(value, option, 0))


def _replica_tag(change: _Change, option: bytes, values: list[bytes]) -> None:
    """`HOST PORT nofailover|prefer`, or `none` to take the tag away."""
    text, port = text_of(values[0]), integer(values[1])
    host = numeric(text) or (text if text and change.host.view().settings.resolve_hostnames else None)
    if host is None:
        raise _bad(values[0], option)
    if port is None or not 0 < port <= MAX_PORT:
        raise _bad(values[1], option)
    word = candidates.tag(values[2])
    if word is None and values[2].lower() != b"none":
        raise _bad(values[2], option)
    tags = candidates.tagged(change.settings.tags, host, port, word)
    if len(tags) > candidates.MOST_TAGS:
        raise _OptionError(f"a master has at most {candidates.MOST_TAGS} tagged replicas")
    change.settings = replace(change.settings, tags=tags)


_ONE_VALUE: Mapping[bytes, Setter] = {
    b"down-after-milliseconds": _down_after,
    b"failover-timeout": _failover_timeout,
    b"parallel-syncs": _parallel_syncs,
    b"notification-script": _notification_script,
    b"client-reconfig-script": _reconfig_script,
    b"auth-pass": _auth_pass,
    b"auth-user": _auth_user,
    b"quorum": _quorum,
    b"master-reboot-down-after-period": _reboot_down_after,
    # Valkey's word for it; it works in every mode, as Valkey's subcommands do.
    b"primary-reboot-down-after-period": _reboot_down_after,
    # Our own; a C sentinel knows no such option.
    b"candidate-max-lag": _candidate_max_lag,
    b"crash-detection": _crash_detection,
    b"confirm-by-replicas": _confirm_by_replicas,
    b"confirm-timeout": _confirm_timeout,
}


def set_(host: Host, session: Session, args: list[bytes]) -> Answer:
    """`name option value [option value ...]`; rename-command takes two values, and replica-tag (our own) three."""
    name = MasterName(text_of(args[2]))
    settings = host.view().master_settings(name)
    if settings is None:
        return refused(NO_SUCH_MASTER)
    change = _Change(host, settings, [])
    words = args[3:]
    error: str | None = None
    while words and error is None:
        try:
            words = _apply(change, words)
        except _OptionError as bad:
            error = str(bad)
    if error is not None and not change.events:
        return refused(f"ERR {error}")

    def ask(caller: Caller) -> SettingsChanged:
        return SettingsChanged(caller, name, change.settings, tuple(change.events), change.reconnect, error)

    return Later(ask, reply_of)


def _apply(change: _Change, words: list[bytes]) -> list[bytes]:
    """Apply the first option and return the words after it."""
    option, values = words[0], words[1:]
    wanted = option.lower()
    if wanted == b"rename-command" and len(values) >= 2:
        _rename(change, option, values[0], values[1])
        change.events.append(f"{_shown(option)} {_shown(values[0])} {_shown(values[1])}")
        return values[2:]
    if wanted == b"replica-tag" and len(values) >= 3:
        _replica_tag(change, option, values[:3])
        change.events.append(" ".join(_shown(word) for word in (option, *values[:3])))
        return values[3:]
    setter = _ONE_VALUE.get(wanted)
    if setter is None or not values:
        raise _OptionError(f"Unknown option or number of arguments for SENTINEL SET '{whole(option)}'")
    setter(change, option, values[0])
    told = _MASK if wanted == b"auth-pass" else _shown(values[0])
    change.events.append(f"{_shown(option)} {told}")
    return values[1:]


def _rename(change: _Change, option: bytes, old: bytes, new: bytes) -> None:
    """Use `new` where the master would be sent `old`; the same name twice forgets the renaming."""
    for name in (old, new):
        if not name:
            raise _bad(name, option)
    kept = [pair for pair in change.settings.renames if bytes_of(pair[0]).lower() != old.lower()]
    if old.lower() != new.lower():
        kept.append((text_of(old), text_of(new)))
    change.settings = replace(change.settings, renames=tuple(kept))


def _shown(raw: bytes) -> str:
    """A word for an event: a control character in it would end the log line, so it is spelled out."""
    return "".join(char if char >= " " and char != "\x7f" else f"\\x{ord(char):02x}" for char in text_of(raw))
