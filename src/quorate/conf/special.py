"""Standard directives whose values are lists of their own kind: what is wrong with them, and how they are written."""

from collections.abc import Callable, Sequence

from quorate.conf.kinds import COUNT, integer, size_text
from quorate.conf.lines import plain, quoted
from quorate.conf.options import OutputLimit, Values
from quorate.model.candidates import size

MAX_BIND = 16
_EVENTS = b"g$lshzxetd"
"""The classes of keyspace events that `A` stands for, in the order in which they are written."""
_MORE_EVENTS = b"KEmn"
_CLASSES = {b"normal": b"normal", b"slave": b"slave", b"replica": b"slave", b"pubsub": b"pubsub"}
DEFAULT_LIMITS = {
    b"normal": OutputLimit(),
    b"slave": OutputLimit(256 << 20, 64 << 20, 60),
    b"pubsub": OutputLimit(32 << 20, 8 << 20, 60),
}


def fault(name: str, values: Values) -> str | None:
    """What a server would say against these values of a SPECIAL row, or None."""
    return _FAULTS[name](values)


def limits(lines: Sequence[Values]) -> dict[bytes, OutputLimit]:
    """The classes of client-output-buffer-limit (normal, slave, pubsub) after all lines."""
    found = dict(DEFAULT_LIMITS)
    for values in lines:
        for at in range(0, len(values), 4):
            hard, soft, seconds = size(values[at + 1]), size(values[at + 2]), integer(values[at + 3])
            found[_CLASSES[values[at].lower()]] = OutputLimit(hard or 0, soft or 0, seconds or 0)
    return found


def canonical(name: str, lines: Sequence[Values]) -> list[tuple[bytes, bool]]:
    """The lines that C's rewriter writes for all values given, each with whether it must be there.

    `dir` is not for here: the document knows the working directory. `save` and `replicaof` mean nothing to a sentinel,
    and C drops them.
    """
    last = lines[-1] if lines else ()
    match name:
        case "bind":
            words = [word for word in last if word]
            return [(b"bind " + (b" ".join(map(plain, words)) or b'""'), words != [b"*", b"-::*"])]
        case "client-output-buffer-limit":
            return [_limit_line(kind, limit) for kind, limit in limits(lines).items()]
        case "notify-keyspace-events":
            return [(b"notify-keyspace-events " + quoted(_event_text(last[0])), last[0] != b"")]
        case "oom-score-adj-values":
            numbers = tuple(int(value) for value in last)
            return [(b"oom-score-adj-values %d %d %d" % numbers, numbers != (0, 200, 800))]
        case "latency-tracking-info-percentiles":
            return [(b"latency-tracking-info-percentiles " + (b" ".join(map(_decimal, last)) or b'""'), True)]
        case _:
            return []


def _limit_line(kind: bytes, limit: OutputLimit) -> tuple[bytes, bool]:
    amounts = size_text(limit.hard) + b" " + size_text(limit.soft)
    name = b"replica" if kind == b"slave" else kind
    line = b"client-output-buffer-limit %s %s %d" % (name, amounts, limit.soft_seconds)
    return line, limit != DEFAULT_LIMITS[kind]


def _event_text(value: bytes) -> bytes:
    given = set(value)
    if ord("A") in given:
        given |= set(_EVENTS)
    classes = b"A" if given.issuperset(_EVENTS) else bytes(b for b in _EVENTS if b in given)
    return classes + bytes(b for b in _MORE_EVENTS if b in given)


def _decimal(value: bytes) -> bytes:
    text = b"%f" % float(value)
    return text.rstrip(b"0").rstrip(b".")


def _bind(values: Values) -> str | None:
    return "Too many bind addresses specified." if len(values) > MAX_BIND else None


def _limits(values: Values) -> str | None:
    if len(values) % 4:
        return "Wrong number of arguments in buffer limit configuration."
    for at in range(0, len(values), 4):
        if values[at].lower() not in _CLASSES:
            return "Invalid client class specified in buffer limit configuration."
        seconds = integer(values[at + 3])
        if size(values[at + 1]) is None or size(values[at + 2]) is None or seconds is None or seconds < 0:
            return "Error in hard, soft or soft_seconds setting in buffer limit configuration."
    return None


def _events(values: Values) -> str | None:
    if len(values) != 1:
        return COUNT
    good = set(_EVENTS + _MORE_EVENTS + b"A").issuperset(values[0])
    return None if good else "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."


def _scores(values: Values) -> str | None:
    if len(values) != 3:
        return COUNT
    numbers = [integer(value) for value in values]
    good = all(number is not None and -2000 <= number <= 2000 for number in numbers)
    return None if good else "Invalid oom-score-adj-values, elements must be between -2000 and 2000."


def _percentiles(values: Values) -> str | None:
    if values == (b"",):
        return None
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return "Invalid latency-tracking-info-percentiles parameters"
    if all(0.0 <= number <= 100.0 for number in numbers):
        return None
    return "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"


def _save(values: Values) -> str | None:
    if values == (b"",):
        return None
    numbers = [integer(value) for value in values]
    good = len(numbers) % 2 == 0 and all(number is not None and number >= 0 for number in numbers)
    return None if good and all(number != 0 for number in numbers[::2]) else "Invalid save parameters"


def _replicaof(values: Values) -> str | None:
    if len(values) != 2:
        return COUNT
    if (values[0].lower(), values[1].lower()) == (b"no", b"one"):
        return None
    port = integer(values[1])
    return None if port is not None and 0 <= port <= 65535 else "Invalid master port"


def _directory(values: Values) -> str | None:
    return None if len(values) == 1 else COUNT


_FAULTS: dict[str, Callable[[Values], str | None]] = {
    "bind": _bind,
    "client-output-buffer-limit": _limits,
    "dir": _directory,
    "latency-tracking-info-percentiles": _percentiles,
    "notify-keyspace-events": _events,
    "oom-score-adj-values": _scores,
    "replicaof": _replicaof,
    "save": _save,
}
