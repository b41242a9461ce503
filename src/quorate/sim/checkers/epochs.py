"""Epochs that a sentinel has told never go back: not in what it tells later, and not in the file it starts from."""

from quorate.core.requests import PublishHello, Request
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World


class Epochs(Checker):
    """Watches hellos, which carry both epochs, and every start."""

    name = "epochs never go back"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._current: dict[str, int] = {}
        self._config: dict[tuple[str, str], int] = {}

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:  # noqa: ARG002 - where to is all the same
        if not isinstance(request, PublishHello):
            return
        said = request.hello
        self._grow(host, "current epoch", self._current.get(host.myid, 0), said.current_epoch)
        self._current[host.myid] = said.current_epoch
        key = (host.myid, said.master)
        self._grow(host, f"config epoch of {said.master}", self._config.get(key, 0), said.config_epoch)
        self._config[key] = said.config_epoch

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        self._grow(host, "current epoch on disk", self._current.get(saved.settings.myid, 0), saved.current_epoch)
        for master in saved.masters:
            told = self._config.get((saved.settings.myid, master.name), 0)
            self._grow(host, f"config epoch of {master.name} on disk", told, master.config_epoch)

    def _grow(self, host: SentinelHost, what: str, before: int, now: int) -> None:
        # C sentinels tell of epochs that they could not save, or have not saved yet.
        if now < before and host.is_ours:
            self.violated(f"{what} of {host.node.name} went from {before} to {now}")
