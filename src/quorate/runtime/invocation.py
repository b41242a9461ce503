"""The command line of a sentinel, read as redis-sentinel reads its own."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from quorate.conf import lines
from quorate.model.settings import Mode

_MODE = b"--compatible-with"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What to start with. `path` None: no file was named. `from_stdin`: more lines come on standard input.

    `extra` are the directives after the file, as (name, value, ...); they count as its last lines.
    """

    path: str | None
    mode: Mode | None = None
    extra: tuple[tuple[bytes, ...], ...] = ()
    from_stdin: bool = False


def parse(words: Sequence[bytes]) -> Invocation:
    """Read `[--compatible-with MODE] FILE [--directive value ...]`. ValueError for a mode that does not exist.

    The first word is the file unless it begins with a dash. A lone dash as first or last word means standard input.
    `--sentinel` alone is ignored, since we are nothing else; before values it is the directive of that name. As in
    C Sentinel, one word may hold a directive with its values.
    """
    mode, rest = _without_mode(words)
    path = None
    if rest and not rest[0].startswith(b"-"):
        path, rest = os.fsdecode(rest[0]), rest[1:]
    from_stdin = b"-" in (rest[:1] + rest[-1:])
    if from_stdin:
        rest = rest[1:] if rest[0] == b"-" else rest[:-1]
    directives = lines.arguments(_taken_apart(rest))
    kept = tuple(directive for directive in directives if [word.lower() for word in directive] != [b"sentinel"])
    return Invocation(path, mode, kept, from_stdin)


def standard_input() -> tuple[tuple[bytes, ...], ...]:
    """The directives on standard input. A line whose quotes do not balance is passed on whole, to be refused."""
    directives = []
    for line in sys.stdin.buffer.read().split(b"\n"):
        text = line.strip(lines.BLANKS)
        if text and not text.startswith(b"#"):
            directives.append(tuple(lines.split(text) or (text,)))
    return tuple(directives)


def _without_mode(words: Sequence[bytes]) -> tuple[Mode | None, list[bytes]]:
    """Take `--compatible-with MODE` (or with `=`) out, wherever it stands; the last one counts."""
    mode, rest, waiting = None, list[bytes](), iter(words)
    for word in waiting:
        name, equals, value = word.partition(b"=")
        if name.lower() != _MODE:
            rest.append(word)
            continue
        mode = _mode(value if equals else next(waiting, b""))
    return mode, rest


def _mode(word: bytes) -> Mode:
    try:
        return Mode(word.decode("ascii", "replace").lower())
    except ValueError:
        known = ", ".join(mode.value for mode in Mode)
        raise ValueError(f"--compatible-with needs one of {known}") from None


def _taken_apart(words: Sequence[bytes]) -> list[bytes]:
    """Words such as `--port 26379`, handed over as one by a shell or a service file, become several."""
    found: list[bytes] = []
    for word in words:
        parts = lines.split(word) if word.startswith(b"--") else None
        found.extend(parts if parts and len(parts) > 1 else [word])
    return found
