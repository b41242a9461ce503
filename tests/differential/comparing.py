"""How alike two replies must be: to the byte, in any order, in shape, or in number."""

from tests.differential.differences import LATER_FIELDS
from tests.differential.resp import Heard, Value


def seen(mark: str, heard: Heard) -> object:
    """What of a reply is compared. `mark`: "=" all of it, "@" all in any order, "~" its shape, "#" its size."""
    if mark == "=":
        return heard
    view = {"@": _unordered, "~": _shape, "#": _size}[mark]
    return [view(value) for value in heard.values], heard.closed


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
    return _shape(value)


def _shape(value: Value) -> object:
    """Types all the way down; errors, statuses, and the keys of maps and of lines of text to the letter."""
    kind, content = value
    if kind in "+-_":
        return value
    if isinstance(content, tuple):
        if kind == "%" or _keyed(content):
            return kind, [(key, _shape(item)) for key, item in zip(content[::2], content[1::2], strict=True)]
        return kind, [_shape(item) for item in content]
    if isinstance(content, bytes):
        return kind, _keys_of_text(content)
    return kind, content is None


def _keyed(items: tuple[Value, ...]) -> bool:
    """True for a RESP2 array that is a map: an even number of items, and texts that look like keys at even places."""
    keys = items[::2]
    return len(items) > 3 and len(items) % 2 == 0 and all(_is_key(key) for key in keys)


def _is_key(value: Value) -> bool:
    kind, content = value
    return kind == "$" and isinstance(content, bytes) and content.replace(b"-", b"").replace(b"_", b"").isalpha()


def _keys_of_text(text: bytes) -> object:
    """The keys of INFO's lines (without those of one side only) or of CLIENT LIST's words; for other texts nothing."""
    if text.startswith(b"# "):
        keys = (line.split(b":")[0] for line in text.split(b"\r\n"))
        return [key for key in keys if not key.startswith(b"quorate_") and key not in LATER_FIELDS]
    if text.startswith(b"id="):
        return [[word.split(b"=")[0] for word in line.split(b" ")] for line in text.split(b"\n")]
    return None
