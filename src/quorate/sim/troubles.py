"""The book of what is wrong with the network now."""

from dataclasses import dataclass, field

from quorate.sim.network import Network, Weather

Way = tuple[str, str]
"""From one address to another."""


@dataclass(slots=True)
class Troubles:
    """The faults of a network that are in force; they may overlap, and the last to end must not end the others."""

    network: Network
    calm: Weather
    weathers: dict[int, Weather] = field(default_factory=dict)
    cuts: dict[int, frozenset[Way]] = field(default_factory=dict)
    refusals: dict[int, frozenset[Way]] = field(default_factory=dict)

    def weather(self, number: int, weather: Weather | None) -> None:
        """Begin or end a weather; what is bad in any of them is bad."""
        if weather is None:
            self.weathers.pop(number, None)
        else:
            self.weathers[number] = weather
        every = [self.calm, *self.weathers.values()]
        self.network.weather = Weather(
            max(w.latency for w in every), max(w.jitter for w in every), max(w.loss for w in every)
        )

    def cut(self, number: int, ways: frozenset[Way]) -> None:
        """Let exactly these ways be cut by this fault."""
        before = self.cuts.get(number, frozenset())
        self.cuts[number] = ways
        still: set[Way] = set().union(*self.cuts.values())
        for way in sorted(before - still):
            self.network.mend(*way)
        for way in sorted(ways):
            self.network.cut(*way)

    def refuse(self, number: int, ways: frozenset[Way]) -> None:
        """Let exactly these ways be refused by this fault."""
        self.refusals[number] = ways
        self.network.rejecting = set().union(*self.refusals.values())
