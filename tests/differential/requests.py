"""Reads requests.txt, which explains itself at its beginning."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Step:
    """One line of requests.txt: its mark, its text (which names it in `differences`), and the bytes to send."""

    mark: str
    text: str
    words: tuple[bytes, ...]


def steps(ports: dict[str, int]) -> Iterator[Step]:
    """All requests in their order; `ports` are those of the servers that they name."""
    for line in (_HERE / "requests.txt").read_text("ascii").splitlines():
        if not line or line.startswith(";"):
            continue
        mark, text = line.split(" ", 1)
        words = []
        for word in _words(mark, text):
            filled = re.sub(r"{(\w+)}", lambda found: str(ports[found[1]]), word)
            words.append(filled.encode().decode("unicode_escape").encode("latin-1"))
        yield Step(mark, text, tuple(words))


def _words(mark: str, text: str) -> list[str]:
    """The words of a request, or the pieces of what is sent as it is."""
    if mark not in "|>":
        return shlex.split(text)
    raw = text[1:-1].replace('\\"', '"')
    return raw.split("|") if mark == "|" else [raw]
