"""COMMAND DOCS: what each command is for, as nested maps in the order of the wire."""

from collections.abc import Iterable, Mapping

from quorate.commands.docs_basic import BASIC
from quorate.commands.docs_client import CLIENT
from quorate.commands.docs_older import OLDER, SINCE
from quorate.commands.docs_ours import OURS
from quorate.commands.docs_sentinel import SENTINEL
from quorate.commands.docs_words import Argument, Doc
from quorate.commands.table import Command
from quorate.commands.versions import VERSIONS
from quorate.model.settings import Mode
from quorate.wire.values import Map, Reply, Set, Simple

DOCS: Mapping[str, Doc] = {**BASIC, **CLIENT, **SENTINEL, **OURS}
"""The documentation of every command, by full name."""

_PAIRS = list[tuple[Reply, Reply]]


def documented(command: Command, mode: Mode) -> Map:
    """The documentation of a command as the mode's server would give it: without what came after its version."""
    doc = DOCS[command.name]
    version = _number(VERSIONS[mode].number)
    pairs: _PAIRS = [
        (b"summary", doc.summary.encode()),
        (b"since", SINCE[mode].get(command.name, doc.since).encode()),
        (b"group", doc.group.encode()),
    ]
    if doc.complexity:
        pairs.append((b"complexity", doc.complexity.encode()))
    deprecated, instead = doc.replaced or ("", "")
    if deprecated and _number(deprecated) <= version:
        pairs.append((b"doc_flags", Set([Simple("deprecated")])))
        pairs.append((b"deprecated_since", deprecated.encode()))
        pairs.append((b"replaced_by", f"`{instead}`".encode()))
    history: list[Reply] = [[since.encode(), text.encode()] for since, text in doc.history if _number(since) <= version]
    if history:
        pairs.append((b"history", Set(history)))
    arguments = _arguments(OLDER[mode].get(command.name, doc.arguments), mode)
    if arguments:
        pairs.append((b"arguments", arguments))
    below: _PAIRS = [(sub.name.encode(), documented(sub, mode)) for sub in command.subcommands.values() if sub.listed]
    if below:
        pairs.append((b"subcommands", Map(below)))
    return Map(pairs)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _arguments(arguments: Iterable[Argument], mode: Mode) -> list[Reply]:
    version = _number(VERSIONS[mode].number)
    return [_argument(each, mode) for each in arguments if not each.since or _number(each.since) <= version]


def _argument(argument: Argument, mode: Mode) -> Map:
    name = argument.name
    if name == "master-name" and mode is Mode.VALKEY_8:
        name = "primary-name"
    pairs: _PAIRS = [(b"name", name.encode()), (b"type", argument.kind.encode())]
    if mode is not Mode.REDIS_7_0 and not argument.inner:
        pairs.append((b"display_text", (argument.shown or name).encode()))
    texts = (
        (b"token", argument.literal),
        (b"since", argument.since),
        (b"deprecated_since", argument.deprecated_since),
    )
    pairs += [(key, text.encode()) for key, text in texts if text]
    if argument.flags:
        pairs.append((b"flags", Set([Simple(flag) for flag in argument.flags.split()])))
    if argument.inner:
        pairs.append((b"arguments", _arguments(argument.inner, mode)))
    return Map(pairs)
