"""What a sentinel tells is consistent with what it told before: downs and ups alternate, switches form a chain."""

from typing import TypeAlias

from quorate.model.address import numeric
from quorate.model.identity import MasterName
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

_BEGINS = {Event.SDOWN: "s_down", Event.ODOWN: "o_down", Event.TILT: "tilt"}
_ENDS = {Event.SDOWN_OVER: "s_down", Event.ODOWN_OVER: "o_down", Event.TILT_OVER: "tilt"}


Standing: TypeAlias = tuple[str, str, MasterName | None]
"""What is down, who, and under which master."""


class Notices(Checker):
    """Follows the events of each life of each sentinel."""

    name = "notices are consistent"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._open: dict[SentinelHost, set[Standing]] = {}
        self._address: dict[tuple[SentinelHost, str], str | None] = {}
        self._promoted: dict[tuple[SentinelHost, str], str] = {}

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        self._open[host] = set()
        for master in saved.masters:
            # A name in the file is told as the number that it stands for.
            known = numeric(master.host)
            self._address[host, master.name] = f"{known} {master.port}" if known else None

    def told(self, host: SentinelHost, notice: Notice) -> None:
        standing = self._open.setdefault(host, set())
        subject = " ".join(notice.text.split()[:2])
        if notice.event in _BEGINS:
            key = (_BEGINS[notice.event], subject, notice.master)
            if key in standing and notice.event is not Event.TILT:
                self.violated(f"{host.node.name} told {notice.event.channel} {notice.text} twice")
            standing.add(key)
        elif notice.event in _ENDS:
            key = (_ENDS[notice.event], subject, notice.master)
            if notice.event is Event.TILT_OVER:
                standing.discard(("tilt", "#tilt mode", None))
            elif key not in standing:
                self.violated(f"{host.node.name} told {notice.event.channel} {notice.text} of what was not down")
            standing.discard(key)
        elif notice.master is not None:
            self._about_master(host, notice, standing)

    def _about_master(self, host: SentinelHost, notice: Notice, standing: set[Standing]) -> None:
        name = str(notice.master)
        if notice.event is Event.SWITCH_MASTER:
            _, old_ip, old_port, new_ip, new_port = notice.text.split()
            known = self._address.get((host, name))
            # An overtaken leader takes back the address that it has told since its promotion.
            promoted = self._promoted.pop((host, name), None)
            if known is not None and f"{old_ip} {old_port}" not in (known, promoted):
                self.violated(f"{host.node.name} switched {name} from {old_ip} though it told of {known}")
            self._address[host, name] = f"{new_ip} {new_port}"
        elif notice.event is Event.SENTINEL_INVALID_ADDR:
            # It is forgotten under every master, and met anew should it speak again.
            standing.difference_update({key for key in standing if key[1] == " ".join(notice.text.split()[:2])})
        elif notice.event is Event.PROMOTED_SLAVE:
            self._promoted[host, name] = " ".join(notice.text.split()[2:4])
        elif notice.event is Event.MONITOR:
            ip, port = notice.text.split()[2:4]
            self._address[host, name] = f"{ip} {port}" if numeric(ip) else None
        if notice.event in (Event.SWITCH_MASTER, Event.RESET_MASTER, Event.UNMONITOR, Event.MONITOR):
            # The servers under this master are met anew; peers only where they were forgotten.
            keep_peers = notice.event is Event.SWITCH_MASTER
            standing.difference_update(
                {key for key in standing if key[2] == name and not (keep_peers and key[1].startswith("sentinel"))}
            )
