"""The file with its includes, line by line: what is standard, what is a sentinel's, what is ours alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from quorate import __version__
from quorate.conf import special
from quorate.conf.kinds import Kind, Row, fault
from quorate.conf.lines import BLANKS, plain, quoted, split
from quorate.conf.options import Source, Surroundings, Values
from quorate.conf.our_directives import is_our_own
from quorate.conf.process import STANDARD, standard_name
from quorate.model.identity import text_of
from quorate.model.settings import Mode

BAD_DIRECTIVE = "Bad directive or wrong number of arguments"
OURS = b"#quorate"
MAX_DEPTH = 16

_BANNERS = {
    Mode.REDIS_7_0: "Redis 7.0.15",
    Mode.REDIS_7_2: "Redis 7.2.11",
    Mode.VALKEY_8: "Version 8.1.4",
    Mode.QUORATE: f"Quorate {__version__}",
}


class ConfigError(Exception):
    """A configuration that cannot be used. `str()` is the block for standard error, as C Sentinel prints it.

    It begins with an empty line and has no line break at its end. `number` counts from 1; directives of the command
    line count on after the last line of the file, and have the path "". Number 0: no single line is to blame. Behind
    the number, where C's line ends, stands the file: with includes, or several sentinels on a machine, a number alone
    does not say where to look.
    """

    def __init__(self, path: str, number: int, line: str, reason: str, mode: Mode) -> None:
        super().__init__(path, number, line, reason, mode)
        self.path, self.number, self.line, self.reason, self.mode = path, number, line, reason, mode

    def __str__(self) -> str:
        head = f"\n*** FATAL CONFIG FILE ERROR ({_BANNERS[self.mode]}) ***\n"
        if not self.number:
            return head + self.reason
        where = f"of {self.path}" if self.path else "(a directive of the command line)"
        return f"{head}Reading the configuration file, at line {self.number} {where}\n>>> '{self.line}'\n{self.reason}"


class Line(NamedTuple):
    """A line that says something, trimmed, with its words.

    `depth` 0 for the file itself and the command line, whose `path` is "".
    """

    path: str
    number: int
    text: bytes
    words: Values
    depth: int


@dataclass(slots=True)
class Reading:
    """What was read: values of standard directives by name, and the lines of sentinel directives in order."""

    source: Source
    around: Surroundings
    mode: Mode
    directory: str = ""
    standard: dict[str, list[Values]] = field(default_factory=dict)
    sentinel: list[Line] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    users: set[bytes] = field(default_factory=set)

    def refuse(self, line: Line, reason: str) -> ConfigError:
        """The error about one line."""
        return ConfigError(line.path, line.number, text_of(line.text), reason, self.mode)


def read(reading: Reading) -> None:
    """Read everything but obey no sentinel directive yet. Raises ConfigError at the first line that is wrong."""
    source = reading.source
    for number, raw in enumerate(source.data.split(b"\n"), 1):
        _line(reading, source.path, number, raw, 0)
    # C appends the command line to the text of the file after a line break of its own.
    first = source.data.count(b"\n") + 2
    for number, words in enumerate(source.extra, first):
        text = b" ".join((plain(words[0]), *map(quoted, words[1:])))
        _take(reading, Line("", number, text, words, 0))


def mode_of(data: bytes) -> Mode | None:
    """The mode that the file asks for, known before anything is read, because error texts depend on it."""
    found = None
    for raw in data.split(b"\n"):
        words = our_words(raw.strip(BLANKS))
        if words is not None and len(words) == 2 and words[0].lower() == b"compatible-with":
            found = _MODES.get(text_of(words[1]).lower(), found)
    return found


def our_words(text: bytes) -> Values | None:
    """The words after `#quorate` or its plain spelling `quorate`; None for any other line."""
    head = text[: len(OURS) + 1].lower()
    if head[:8] == OURS and (len(head) == 8 or head[8:] in {b" ", b"\t"}):
        rest = text[8:]
    elif head[:7] == OURS[1:] and head[7:8] in {b" ", b"\t", b""}:
        rest = text[7:]
    else:
        return None
    words = split(rest)
    return None if words is None else tuple(words)


def _line(reading: Reading, path: str, number: int, raw: bytes, depth: int) -> None:
    text = raw.strip(BLANKS)
    if not text:
        return
    ours = our_words(text)
    if text.startswith(b"#"):
        if ours is not None:
            _ours(reading, Line(path, number, text, ours, depth), commented=True)
        return
    words = split(text)
    if words is None:
        raise reading.refuse(Line(path, number, text, (), depth), "Unbalanced quotes in configuration line")
    if words:
        _take(reading, Line(path, number, text, tuple(words), depth))


def _take(reading: Reading, line: Line) -> None:
    """Obey one directive, or keep it for later if it is a sentinel's."""
    name = text_of(line.words[0]).lower()
    values = line.words[1:]
    if name == "sentinel":
        if values:
            reading.sentinel.append(line)
    elif name == "quorate":
        _ours(reading, line._replace(words=values), commented=False)
    elif name in _OTHERS:
        _OTHERS[name](reading, line)
    elif "." in name and values:
        reading.warnings.append(f"{name} looks like the option of a module and has no effect")
    else:
        _standard(reading, line)


def _standard(reading: Reading, line: Line) -> None:
    name = standard_name(line.words[0])
    if name is None:
        raise reading.refuse(line, BAD_DIRECTIVE)
    row, values = STANDARD[name], line.words[1:]
    if name == "loglevel" and reading.mode is Mode.REDIS_7_0:
        row = Row(row.name, row.kind, row.default, row.limits.removesuffix(" nothing"))
    problem = special.fault(name, values) if row.kind is Kind.SPECIAL else fault(row, values)
    if problem is not None:
        raise reading.refuse(line, problem)
    if name == "dir":
        try:
            reading.directory = reading.around.enter(text_of(values[0]))
        except OSError as error:
            raise reading.refuse(line, error.strerror or str(error)) from error
    reading.standard.setdefault(name, []).append(values)


# --- directives that are neither options nor a sentinel's -----------------------------------------------------------


def _include(reading: Reading, line: Line) -> None:
    if len(line.words) != 2:
        raise reading.refuse(line, BAD_DIRECTIVE)
    if line.depth == MAX_DEPTH:
        raise reading.refuse(line, f"Files include each other more than {MAX_DEPTH} times deep")
    try:
        files = reading.around.included(text_of(line.words[1]))
    except OSError as error:
        reason = f"Can't open included file '{text_of(line.words[1])}': {error.strerror or error}"
        raise reading.refuse(line, reason) from error
    for path, data in files:
        for number, raw in enumerate(data.split(b"\n"), 1):
            _line(reading, path, number, raw, line.depth + 1)


def _user(reading: Reading, line: Line) -> None:
    words = line.words[1:]
    if not words:
        raise reading.refuse(line, BAD_DIRECTIVE)
    if words[0] in reading.users:
        repeated = "Duplicate user found. A user can only be defined once in config files"
        raise reading.refuse(line, f"Error in user declaration '{text_of(words[0])}': {repeated}")
    problem = reading.around.check_user([text_of(word) for word in words])
    if problem is not None:
        raise reading.refuse(line, problem)
    reading.users.add(words[0])
    reading.standard.setdefault("user", []).append(words)


def _rename(reading: Reading, line: Line) -> None:
    if len(line.words) != 3:
        raise reading.refuse(line, BAD_DIRECTIVE)
    reading.standard.setdefault("rename-command", []).append(line.words[1:])


def _module(reading: Reading, line: Line) -> None:
    if len(line.words) < 2:
        raise reading.refuse(line, BAD_DIRECTIVE)
    reading.standard.setdefault("loadmodule", []).append(line.words[1:])


_OTHERS: dict[str, Callable[[Reading, Line], None]] = {
    "include": _include,
    "loadmodule": _module,
    "rename-command": _rename,
    "user": _user,
}
KEPT = frozenset(_OTHERS)
"""Directives whose lines a rewritten file keeps as they are (the users have lines of their own)."""


# --- directives that only we know -----------------------------------------------------------------------------------


def _ours(reading: Reading, line: Line, *, commented: bool) -> None:
    """Obey the words after `quorate`. In the form of a comment, what we do not know may be just a comment."""
    name = text_of(line.words[0]).lower() if line.words else ""
    known = _DIRECTIVES.get(name)
    if is_our_own(line.words):
        reading.sentinel.append(line)
    elif known is not None:
        problem = known(reading, line.words[1:])
        if problem is not None:
            raise reading.refuse(line, problem)
    elif not commented:
        raise reading.refuse(line, "Unrecognized quorate configuration statement.")
    else:
        reading.warnings.append(f"line {line.number} begins with #quorate but is no directive of this version")


def _compatible_with(_: Reading, values: Values) -> str | None:
    # The mode itself was found by `mode_of`: error texts above this line depend on it too.
    if len(values) == 1 and text_of(values[0]).lower() in _MODES:
        return None
    return "argument(s) must be one of the following: " + ", ".join(_MODES)


_MODES = {mode.value: mode for mode in Mode}
_DIRECTIVES: dict[str, Callable[[Reading, Values], str | None]] = {
    "compatible-with": _compatible_with,
}
"""What may follow `#quorate`: one row per directive; beside them, those of `directives.OUR_OWN` behind `sentinel`."""


def sentinel_lines(reading: Reading) -> Iterator[tuple[Line, Values]]:
    """The sentinel directives in order, each with the words after `sentinel`."""
    for line in reading.sentinel:
        yield line, line.words[1:]
