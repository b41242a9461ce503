"""What mixed sentinels must never disagree about, checked from their events and their files."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_EPOCH = re.compile(r"^sentinel (current-epoch|config-epoch \S+|leader-epoch \S+) (\d+)$", re.MULTILINE)


@dataclass
class Ledger:
    """Who stood, who led in which epoch, who voted for whom; `complaints` are disagreements, in words.

    Members are the ports of sentinels, candidates are their run ids.
    """

    elected: Counter[int] = field(default_factory=Counter)
    forced: Counter[int] = field(default_factory=Counter)
    stood: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)
    switches: int = 0
    leaders: dict[int, int] = field(default_factory=dict)
    """Epoch to the member that was elected in it."""
    complaints: list[str] = field(default_factory=list)
    expects_forced: bool = False
    """True while SENTINEL FAILOVER is what makes somebody lead."""
    _heard_epoch: dict[int, int] = field(default_factory=dict)
    _candidacy: dict[int, int] = field(default_factory=dict)
    _votes: dict[tuple[int, int], str] = field(default_factory=dict)
    _written: dict[tuple[Path, str], int] = field(default_factory=lambda: defaultdict(int))

    def hear(self, member: int, channel: str, text: str) -> None:
        """Take in one event of one member."""
        match channel:
            case "+new-epoch":
                self._epoch_grew(member, int(text))
            case "+try-failover":
                self.stood[member] += 1
                self._candidacy[member] = self._heard_epoch.get(member, 0)
            case "+vote-for-leader":
                candidate, epoch = text.split()
                self._voted(member, int(epoch), candidate)
            case "+elected-leader":
                self._leads(member)
            case "-failover-abort-not-elected":
                self.lost[member] += 1
            case "+switch-master":
                self.switches += 1
            case _:
                pass

    def restarted(self, member: int) -> None:
        """A member was killed and started anew: it learns the epoch from its file without an event."""
        self._heard_epoch.pop(member, None)
        self._candidacy.pop(member, None)

    def read_epochs(self, path: Path) -> None:
        """No epoch in a configuration file may ever decrease."""
        for key, digits in _EPOCH.findall(path.read_text(errors="replace")):
            epoch = int(digits)
            if epoch < self._written[path, key]:
                self.complaints.append(f"{path.name}: {key} fell from {self._written[path, key]} to {epoch}")
            self._written[path, key] = epoch

    def _epoch_grew(self, member: int, epoch: int) -> None:
        if epoch <= self._heard_epoch.get(member, 0):
            self.complaints.append(f"{member} went from epoch {self._heard_epoch[member]} to {epoch}")
        self._heard_epoch[member] = epoch

    def _voted(self, member: int, epoch: int, candidate: str) -> None:
        earlier = self._votes.setdefault((member, epoch), candidate)
        if earlier != candidate:
            self.complaints.append(f"{member} voted twice in epoch {epoch}: {earlier}, {candidate}")

    def _leads(self, member: int) -> None:
        epoch = self._candidacy.get(member, 0)
        other = self.leaders.setdefault(epoch, member)
        if other != member:
            self.complaints.append(f"two leaders in epoch {epoch}: {other} and {member}")
        (self.forced if self.expects_forced else self.elected)[member] += 1
