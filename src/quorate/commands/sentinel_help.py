"""SENTINEL HELP: 49 lines in the modes of C. Valkey's mode names the primary forms, the others the master forms.

Our own mode has what only we have, too.
"""

from collections.abc import Mapping

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.model.settings import Mode
from quorate.wire.values import Simple

# `%m` is the word for a master, `%M` the same in the plural; `%A`, `%D`, `%O`, `%S` are names of subcommands.
_LINES = (
    "SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CKQUORUM <%m-name>",
    "    Tell whether enough Sentinels can be reached now to agree that this",
    "    %m is down, and to elect one of them to replace it. Run it from your",
    "    monitoring.",
    "%1",
    "    Change options of this Sentinel as a whole; they are saved.",
    "%2",
    "    Show options of this Sentinel as a whole; patterns are allowed.",
    "DEBUG [<param> <value> ...]",
    "    Without arguments, show the timers of this Sentinel in milliseconds.",
    "    With pairs, set them until the process ends.",
    "%A <%m-name>",
    "    Tell the address at which clients should look for this %m.",
    "FAILOVER <%m-name>",
    "    Promote a replica of this %m now, even if the other Sentinels do not",
    "    think that it is down.",
    "FLUSHCONFIG",
    "    Write the configuration file again, with everything that this Sentinel",
    "    has to remember.",
    "INFO-CACHE <%m-name>",
    "    Show the last INFO text that each %m and its replicas sent.",
    "%D <ip> <port> <current-epoch> <runid>",
    "    Ask whether the server at ip:port is down as seen from here, and for a",
    "    vote. Sentinels use it among themselves.",
    "%O <%m-name>",
    "    Show everything that is known about this %m.",
    "%S",
    "    Show everything that is known about all monitored %M.",
    "MONITOR <name> <ip> <port> <quorum>",
    "    Watch one more server under this name.",
    "MYID",
    "    Show the id by which other Sentinels know this one.",
    "PENDING-SCRIPTS",
    "    Show the scripts that run or wait to be run.",
    "REMOVE <%m-name>",
    "    Stop watching this %m and forget it.",
    "REPLICAS <%m-name>",
    "    Show the replicas of this %m.",
    "RESET <pattern>",
    "    Forget the replicas and Sentinels of all %M whose name fits.",
    "SENTINELS <%m-name>",
    "    Show the other Sentinels that watch this %m.",
    "SET <%m-name> <option> <value> [<option> <value> ...]",
    "    Change options of this %m; they are saved.",
    "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
    "    End this process at a bad moment of the next failover, for tests.",
    "HELP",
    "    Show these lines.",
)
_OURS = (
    "CANDIDATES <%m-name>",
    "    Tell whether a failover would succeed now, to whom, and why not to",
    "    each of the other replicas.",
    "FAILOVER <%m-name> COORDINATED [TO <host> <port>] [TIMEOUT <ms>] [VIA SERVER]",
    "    Move this %m to a replica without losing a write: hold the writes until",
    "    the replica has them all. VIA SERVER leaves that to the server's FAILOVER.",
    "FAILOVERS <%m-name>",
    "    Show the failovers of this %m that are remembered.",
    "QUORATE [<%m-name> [<ip> <port>]]",
    "    Tell another Sentinel that this one is of its kind, which configuration",
    "    it has, and whether the process of a %m is gone.",
)
"""What only we have, in front of the last two lines."""

_SINGLE = {"%1": "CONFIG SET <param> <value>", "%2": "CONFIG GET <param>"}
_SEVERAL = {"%1": "CONFIG SET <param> <value> [<param> <value> ...]", "%2": "CONFIG GET <param> [<param> ...]"}
_MASTER = {
    "%A": "GET-MASTER-ADDR-BY-NAME",
    "%D": "IS-MASTER-DOWN-BY-ADDR",
    "%O": "MASTER",
    "%S": "MASTERS",
    "%m": "master",
    "%M": "masters",
}
_PRIMARY = {
    "%A": "GET-PRIMARY-ADDR-BY-NAME",
    "%D": "IS-PRIMARY-DOWN-BY-ADDR",
    "%O": "PRIMARY",
    "%S": "PRIMARIES",
    "%m": "primary",
    "%M": "primaries",
}
_WORDS: Mapping[Mode, Mapping[str, str]] = {
    Mode.REDIS_7_0: {**_MASTER, **_SINGLE},
    Mode.REDIS_7_2: {**_MASTER, **_SEVERAL},
    Mode.VALKEY_8: {**_PRIMARY, **_SEVERAL},
    Mode.QUORATE: {**_MASTER, **_SEVERAL},
}


def lines(mode: Mode) -> tuple[str, ...]:
    """The text for a mode, line by line."""
    text = _LINES if mode is not Mode.QUORATE else (*_LINES[:-2], *_OURS, *_LINES[-2:])
    return tuple(_filled(line, _WORDS[mode]) for line in text)


def _filled(line: str, words: Mapping[str, str]) -> str:
    for mark, word in words.items():
        line = line.replace(mark, word)
    return line


def help_(host: Host, session: Session, args: list[bytes]) -> Now:
    """What SENTINEL can do, a status line each."""
    return Now(([Simple(line) for line in lines(host.view().settings.mode)],))


HANDLERS: Mapping[str, Handler] = {"sentinel|help": help_}
