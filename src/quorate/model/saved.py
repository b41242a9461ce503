"""What must survive a crash, as values. `conf` turns it into lines of sentinel.conf and back."""

from dataclasses import dataclass, field

from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.settings import GlobalSettings, MasterSettings


@dataclass(frozen=True, slots=True)
class SavedPeer:
    """A `known-sentinel` line. `host` as announced."""

    host: str
    port: int
    run_id: RunId


@dataclass(frozen=True, slots=True)
class SavedMaster:
    """Everything durable about one master. `host` and `port` follow the current-address rule; `replicas` likewise."""

    name: MasterName
    host: str
    port: int
    settings: MasterSettings
    config_epoch: Epoch = Epoch(0)
    leader_epoch: Epoch = Epoch(0)
    replicas: tuple[tuple[str, int], ...] = ()
    peers: tuple[SavedPeer, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedState:
    """The whole durable state of one sentinel: what a start reads from the file."""

    settings: GlobalSettings
    current_epoch: Epoch = Epoch(0)
    masters: tuple[SavedMaster, ...] = ()


@dataclass(frozen=True, slots=True)
class SaveDelta:
    """What changed since the last save. A master mapped to None was removed. `revision` only grows."""

    revision: int
    settings: GlobalSettings
    current_epoch: Epoch
    masters: dict[MasterName, SavedMaster | None] = field(default_factory=dict)

    def then(self, later: "SaveDelta") -> "SaveDelta":
        """This delta and a later one in a single write."""
        return SaveDelta(later.revision, later.settings, later.current_epoch, {**self.masters, **later.masters})
