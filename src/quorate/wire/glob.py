r"""Redis' glob patterns: `* ? [set] [^set] [a-z] \`, byte by byte, with all the quirks of its matcher.

Only the last `*` is ever tried again, which decides the same and takes at most len(text) times len(pattern) steps:
a hostile pattern costs no more than it looks.
"""

from dataclasses import dataclass, field

MAX_PATTERN = 64 * 1024
"""Longer patterns match nothing: no name here needs one, and each is scanned once per question."""

_STAR, _QUESTION, _OPEN, _CLOSE, _BACKSLASH, _MINUS = b"*?[]\\-"

# Flipped, it gives a byte its place in the order of C's char on x86: from 128 on before all others.
_SIGN = 0x80


def matches(pattern: bytes, text: bytes, nocase: bool = False) -> bool:  # noqa: FBT002
    """True if the whole of `text` fits `pattern`; with `nocase` regardless of ASCII case.

    Quirks kept: an unclosed set ends with the pattern, `[]` fits nothing and `[^]` anything, a backslash at the end
    stands for itself, an escaped byte inside a set heeds case even with `nocase`, in a range bytes from 128 on come
    before all others (as on x86), and only the empty pattern fits the empty text.
    """
    if len(pattern) > MAX_PATTERN or not text:
        return not pattern and not text
    if pattern == b"*":
        return True
    return _Matcher(pattern, nocase).run(text)


@dataclass(slots=True)
class _Matcher:
    pattern: bytes
    nocase: bool
    sets: "dict[int, _Set]" = field(default_factory=dict)

    def run(self, text: bytes) -> bool:
        pattern = self.pattern
        at = place = 0
        star = retry = -1
        while place < len(text):
            if at < len(pattern) and pattern[at] == _STAR:
                at = star = self._past_stars(at)
                retry = place
                if at == len(pattern):
                    return True
                continue
            after = self._step(at, text[place]) if at < len(pattern) else None
            if after is not None:
                at, place = after, place + 1
            elif star >= 0:
                retry += 1
                at, place = star, retry
            else:
                return False
        return self._past_stars(at) == len(pattern)

    def _past_stars(self, at: int) -> int:
        while at < len(self.pattern) and self.pattern[at] == _STAR:
            at += 1
        return at

    def _step(self, at: int, byte: int) -> int | None:
        """Where the pattern goes on if its element at `at` takes `byte`, else None."""
        element = self.pattern[at]
        if element == _QUESTION:
            return at + 1
        if element == _OPEN:
            members = self._set(at)
            return members.after if members.has(byte, self._folded(byte)) else None
        if element == _BACKSLASH and at + 1 < len(self.pattern):
            at += 1
            element = self.pattern[at]
        return at + 1 if self._folded(element) == self._folded(byte) else None

    def _set(self, at: int) -> "_Set":
        known = self.sets.get(at)
        if known is None:
            known = self.sets[at] = self._read_set(at + 1)
        return known

    def _read_set(self, at: int) -> "_Set":
        """The set whose inside begins at `at`."""
        pattern = self.pattern
        negated = pattern[at : at + 1] == b"^"
        at += negated
        exact = folded = 0
        while at < len(pattern) and pattern[at] != _CLOSE:
            if pattern[at] == _BACKSLASH and at + 1 < len(pattern):
                exact |= 1 << (pattern[at + 1] ^ _SIGN)
                at += 2
            elif at + 2 < len(pattern) and pattern[at + 1] == _MINUS:
                folded |= self._range(pattern[at], pattern[at + 2])
                at += 3
            else:
                folded |= 1 << (self._folded(pattern[at]) ^ _SIGN)
                at += 1
        return _Set(exact, folded, negated, min(at + 1, len(pattern)))

    def _range(self, first: int, last: int) -> int:
        # The ends are put in order before case is folded, so `[Z-a]` regardless of case is the empty range from z to a.
        low, high = sorted((first ^ _SIGN, last ^ _SIGN))
        low, high = (self._folded(end ^ _SIGN) ^ _SIGN for end in (low, high))
        return (1 << (high + 1)) - (1 << low) if low <= high else 0

    def _folded(self, byte: int) -> int:
        return _lower(byte) if self.nocase else byte


@dataclass(frozen=True, slots=True)
class _Set:
    """Members as bits, at the place that a byte has in C's order; `after` is where the pattern goes on."""

    exact: int
    folded: int
    negated: bool
    after: int

    def has(self, byte: int, folded: int) -> bool:
        """Whether the set accepts a byte, given also with its case folded."""
        member = (self.exact >> (byte ^ _SIGN) | self.folded >> (folded ^ _SIGN)) & 1
        return bool(member) != self.negated


def _lower(byte: int) -> int:
    return byte + 32 if 65 <= byte <= 90 else byte
