"""How alike two replies must be: to the byte, in any order, in shape, in number, or but for their sentences."""

import re
from collections.abc import Callable, Collection

from tests.differential.resp import Heard, Value

# What a line of help begins with: the words of a subcommand, or an option behind its bullet.
_NAMES = re.compile(rb"(    \* )?[A-Z][A-Z-]+( [A-Z][A-Z-]+)*")

# Fields whose values must be the same, not only their names: what does not hang on addresses, times and memory.
_STEADY_INFO = frozenset(
    b"""
    redis_version server_name valkey_version valkey_release_stage redis_git_sha1 redis_git_dirty redis_mode server_mode
    os arch_bits multiplexing_api process_supervised io_threads_active availability_zone cluster_connections maxclients
    tracking_clients pubsub_clients watching_clients total_watched_keys total_blocking_keys
    total_blocking_keys_on_nokey paused_reason paused_actions pubsub_channels pubsub_patterns pubsubshard_channels
    sentinel_masters sentinel_tilt sentinel_tilt_since_seconds sentinel_running_scripts sentinel_scripts_queue_length
    sentinel_simulate_failure_flags
    """.split()
)
_STEADY_CLIENT = frozenset(
    b"name flags capa db sub psub ssub multi watch events cmd user redir resp lib-name lib-ver tot-cmds".split()
)


def seen(mark: str, heard: Heard, unlike: Collection[bytes] = ()) -> object:
    """What of a reply is compared, by the mark of the request (they are explained in requests.txt).

    `unlike` are fields of INFO that are left out, and fields of CLIENT LIST of which only the name is compared.
    """
    if mark in "=>|":
        return heard
    views: dict[str, Callable[[Value], object]] = {
        "@": _unordered,
        "~": lambda value: _shape(value, unlike),
        "#": _size,
        "?": _documentation,
        "!": _help,
    }
    return [views[mark](value) for value in heard.values], heard.closed


def _unordered(value: Value) -> object:
    kind, content = value
    if isinstance(content, tuple):
        items = [_unordered(item) for item in content]
        return kind, sorted(items, key=repr)
    return value


def _size(value: Value) -> object:
    kind, content = value
    if isinstance(content, tuple):
        return kind, len(content), {item[0] for item in content}
    return _shape(value, ())


def _documentation(value: Value) -> object:
    """COMMAND DOCS: everything but the sentences, and the order of commands, which is that of a hash table."""
    kind, content = value
    if not isinstance(content, tuple):
        return value
    items: list[object] = []
    key: object = None
    for item in content:
        if key in {b"summary", b"complexity"}:
            items.append(item[0])
        elif key == b"history":
            assert isinstance(item[1], tuple)
            items.append([item[0], *(entry[1][0] for entry in item[1] if isinstance(entry[1], tuple))])
        else:
            items.append(_documentation(item))
        key = item[1]
    if len(content) > 1 and isinstance(content[0][1], bytes) and isinstance(content[1][1], tuple):
        return kind, sorted(zip(items[::2], items[1::2], strict=True), key=repr)
    return kind, items


def _help(value: Value) -> object:
    """The commands and options that are named, and how many lines there are; explanations are our own."""
    kind, content = value
    assert isinstance(content, tuple), value
    found = (_NAMES.match(line) for _, line in content if isinstance(line, bytes))
    return kind, len(content), {item[0] for item in content}, [names[0] for names in found if names]


def _shape(value: Value, unlike: Collection[bytes]) -> object:
    """Types all the way down; errors, statuses, and the keys of maps and of lines of text to the letter."""
    kind, content = value
    if kind in "+-_":
        return value
    if isinstance(content, tuple):
        if kind == "%" or _keyed(content):
            return kind, [(key, _shape(item, unlike)) for key, item in zip(content[::2], content[1::2], strict=True)]
        return kind, [_shape(item, unlike) for item in content]
    if isinstance(content, bytes):
        return kind, _lines(content, unlike)
    return kind, content is None


def _keyed(items: tuple[Value, ...]) -> bool:
    """True for a RESP2 array that is a map: an even number of items, and texts that look like keys at even places."""
    keys = items[::2]
    return len(items) > 3 and len(items) % 2 == 0 and all(_is_key(key) for key in keys)


def _is_key(value: Value) -> bool:
    kind, content = value
    return kind == "$" and isinstance(content, bytes) and content.replace(b"-", b"").replace(b"_", b"").isalpha()


def _lines(text: bytes, unlike: Collection[bytes]) -> object:
    """The keys and steady values of INFO's lines or of CLIENT LIST's words; for other texts nothing.

    A sentinel's INFO is told from that of a server by its sections, and what only one side has is left out.
    """
    if text.startswith(b"# "):
        ours = not re.search(rb"# (Memory|Replication)\r", text)
        pairs = (line.partition(b":")[::2] for line in text.split(b"\r\n"))
        return [
            (key, value if ours and key in _STEADY_INFO else b"")
            for key, value in pairs
            if not key.startswith(b"quorate_") and key not in unlike
        ]
    if text.startswith(b"id="):
        words = [[word.partition(b"=")[::2] for word in line.split(b" ")] for line in text.split(b"\n")]
        steady = _STEADY_CLIENT.difference(unlike)
        return [[(key, value if key in steady else b"") for key, value in line] for line in words]
    return None
