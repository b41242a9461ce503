"""Chance from a seed that the world supplies: the core itself never rolls dice it was not given."""

_MASK = (1 << 64) - 1


class Chance:
    """A splitmix64 generator (Steele, Lea and Flood, 2014): small, quick and the same everywhere."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, limit: int) -> int:
        """A number from 0 to limit - 1; `limit` is at least 1 and small against 2**64."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        return mixed(self._state) % limit


def mixed(value: int) -> int:
    """Sixty-four bits scattered over each other; equal inputs give equal outputs."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
