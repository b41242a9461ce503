"""Documentation of SENTINEL and its subcommands."""

from collections.abc import Mapping

from quorate.commands.docs_words import Argument, Doc, block, choice

_GROUP = "sentinel"
_UNKNOWN = ""
_PER_MASTER = "O(N) with N masters"
_MASTER = (Argument("master-name"),)
_PEER = (
    Argument("ip"),
    Argument("port", "integer"),
    Argument("current-epoch", "integer"),
    Argument("runid"),
)
_PARAMETER_AND_VALUE = (Argument("parameter"), Argument("value"))
_CONFIG = choice(
    "action",
    block("set", *_PARAMETER_AND_VALUE, literal="SET", flags="multiple"),
    Argument("parameter", literal="GET", flags="multiple"),
)
_FAILURES = choice(
    "mode",
    Argument("crash-after-election", "pure-token"),
    Argument("crash-after-promotion", "pure-token"),
    Argument("help", "pure-token"),
    flags="optional multiple",
)


def _old(instead: str) -> tuple[str, str]:
    """Valkey 8.0 prefers another name for this one."""
    return "8.0.0", f"SENTINEL {instead}"


SENTINEL: Mapping[str, Doc] = {
    "sentinel": Doc("Holds the commands about monitored masters.", "2.8.4", _GROUP, "That of the subcommand."),
    "sentinel|ckquorum": Doc(
        "Says whether enough sentinels are reachable to agree on a failover and to carry it out.",
        "2.8.4",
        _GROUP,
        _UNKNOWN,
        _MASTER,
    ),
    "sentinel|config": Doc(
        "Shows or changes the options of this sentinel as a whole.",
        "6.2.0",
        _GROUP,
        "O(N) with N parameters given",
        (_CONFIG,),
        (("7.2.0", "Takes several parameters."),),
    ),
    "sentinel|debug": Doc(
        "Shows or changes periods and limits until the next start.",
        "7.0.0",
        _GROUP,
        "O(N) with N parameters",
        (block("data", *_PARAMETER_AND_VALUE, flags="optional multiple"),),
    ),
    "sentinel|failover": Doc("Moves a master to one of its replicas now.", "2.8.4", _GROUP, _UNKNOWN, _MASTER),
    "sentinel|flushconfig": Doc("Writes the configuration file anew.", "2.8.4", _GROUP),
    "sentinel|get-master-addr-by-name": Doc(
        "Gives the address where a master can be found.",
        "2.8.4",
        _GROUP,
        arguments=_MASTER,
        replaced=_old("GET-PRIMARY-ADDR-BY-NAME"),
    ),
    "sentinel|get-primary-addr-by-name": Doc(
        "Gives the address where a primary can be found.", "8.0.0", _GROUP, arguments=_MASTER
    ),
    "sentinel|help": Doc("Lists the subcommands.", "6.2.0", _GROUP),
    "sentinel|info-cache": Doc(
        "Shows the last INFO of masters and their replicas.",
        "3.2.0",
        _GROUP,
        "O(N) with N instances",
        (Argument("nodename", flags="multiple"),),
    ),
    "sentinel|is-master-down-by-addr": Doc(
        "Says whether a master looks down from here, and votes; asked by other sentinels.",
        "2.8.4",
        _GROUP,
        arguments=_PEER,
        replaced=_old("IS-PRIMARY-DOWN-BY-ADDR"),
    ),
    "sentinel|is-primary-down-by-addr": Doc(
        "Says whether a primary looks down from here, and votes; asked by other sentinels.",
        "8.0.0",
        _GROUP,
        arguments=_PEER,
    ),
    "sentinel|master": Doc("Shows a master.", "2.8.4", _GROUP, arguments=_MASTER, replaced=_old("PRIMARY")),
    "sentinel|masters": Doc("Shows all masters.", "2.8.4", _GROUP, _PER_MASTER, replaced=_old("PRIMARIES")),
    "sentinel|monitor": Doc(
        "Begins to monitor a master.",
        "2.8.4",
        _GROUP,
        arguments=(
            Argument("name"),
            Argument("ip"),
            Argument("port", "integer"),
            Argument("quorum", "integer"),
        ),
    ),
    "sentinel|myid": Doc("Gives the id of this sentinel.", "6.2.0", _GROUP),
    "sentinel|pending-scripts": Doc("Shows scripts that run or wait to.", "2.8.4", _GROUP, _UNKNOWN),
    "sentinel|primaries": Doc("Shows all primaries.", "8.0.0", _GROUP, _PER_MASTER),
    "sentinel|primary": Doc("Shows a primary.", "8.0.0", _GROUP, arguments=_MASTER),
    "sentinel|remove": Doc("Monitors a master no longer.", "2.8.4", _GROUP, arguments=_MASTER),
    "sentinel|replicas": Doc("Shows the replicas of a master.", "5.0.0", _GROUP, "O(N) with N replicas", _MASTER),
    "sentinel|reset": Doc(
        "Forgets what was learned about the masters whose names match.",
        "2.8.4",
        _GROUP,
        _PER_MASTER,
        (Argument("pattern", "pattern"),),
    ),
    "sentinel|sentinels": Doc(
        "Shows the other sentinels of a master.", "2.8.4", _GROUP, "O(N) with N sentinels", _MASTER
    ),
    "sentinel|set": Doc(
        "Changes the options of a master.",
        "2.8.4",
        _GROUP,
        arguments=(*_MASTER, block("data", Argument("option"), Argument("value"), flags="multiple")),
    ),
    "sentinel|simulate-failure": Doc(
        "Crashes at a chosen moment of a failover, for tests.", "3.2.0", _GROUP, _UNKNOWN, (_FAILURES,)
    ),
    "sentinel|slaves": Doc(
        "Shows the replicas of a master.",
        "2.8.0",
        _GROUP,
        "O(N) with N replicas",
        _MASTER,
        replaced=("5.0.0", "SENTINEL REPLICAS"),
    ),
}
