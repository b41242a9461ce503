"""How transcripts are played: verbs stay, and what follows from each is put below it."""

from collections.abc import Callable


def play(script: str, consequences: Callable[[str], list[str]]) -> str:
    """Carry out the verbs (lines that begin with `> `), keep the comments, drop what stood below the verbs before."""
    lines: list[str] = []
    for line in script.splitlines():
        if line.startswith("#") or not line.strip():
            lines.append(line)
        elif line.startswith("> "):
            lines += [line, *consequences(line[2:])]
    return "\n".join(lines).rstrip() + "\n"
