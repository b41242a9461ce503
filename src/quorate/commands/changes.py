"""What SENTINEL changes: masters come and go, fail over, are reset; timers are set, failures simulated."""

from collections.abc import Mapping
from dataclasses import fields, replace

from quorate.commands import config_options, set_options
from quorate.commands.contract import Answer, Handler, Host, Later, Now, Session
from quorate.commands.errors import refused, wrong_arity
from quorate.commands.numbers import integer
from quorate.commands.results import NO_SUCH_MASTER, reply_of, whole
from quorate.commands.set_options import LARGEST
from quorate.core.inputs import (
    Caller,
    FailoverRequested,
    FailureSimulated,
    FlushRequested,
    MonitorRequested,
    MoveRequested,
    RemoveRequested,
    ResetRequested,
    TuningChanged,
)
from quorate.core.outcome import Result
from quorate.model.address import MAX_PORT
from quorate.model.identity import MasterName, bytes_of, text_of
from quorate.model.settings import Tuning
from quorate.wire.glob import matches
from quorate.wire.values import Map, Reply

_CRASHES = (b"crash-after-election", b"crash-after-promotion")
_MOVE = "COORDINATED [TO host port] [TIMEOUT milliseconds] [VIA SERVER]"
_KNOBS: Mapping[bytes, str] = {
    knob.name.replace("_", "-").encode(): knob.name for knob in fields(Tuning) if knob.name != "ping_period_set"
}


def failover(host: Host, session: Session, args: list[bytes]) -> Answer:
    """Promote a replica now, whether or not the master is down."""
    name = MasterName(text_of(args[2]))
    if len(args) > 3 and args[3].lower() != b"coordinated":
        return refused(wrong_arity("sentinel|failover"))
    if host.view().master_settings(name) is None:
        return refused(NO_SUCH_MASTER)
    if len(args) > 3:
        return _move(name, args[4:])
    return Later(lambda caller: FailoverRequested(caller, name), reply_of)


def _move(name: MasterName, words: list[bytes]) -> Answer:
    """`COORDINATED` and what follows it: move the master, and lose no write that was acknowledged."""
    to: tuple[str, int] | None = None
    timeout: int | None = None
    via_server = False
    while words:
        match words[0].lower(), words[1:]:
            case b"to", [host, port_text, *words] if to is None:
                port = integer(port_text)
                if port is None or not 0 < port <= MAX_PORT:
                    return refused("ERR Invalid port number.")
                to = (text_of(host), port)
            case b"timeout", [millis, *words] if timeout is None:
                timeout = integer(millis)
                if timeout is None or not 0 < timeout <= LARGEST:
                    return refused("ERR TIMEOUT is a positive number of milliseconds")
            case b"via", [server, *words] if server.lower() == b"server" and not via_server:
                via_server = True
            case _:
                return refused(f"ERR syntax error: {_MOVE}")
    return Later(lambda caller: MoveRequested(caller, name, to, timeout, via_server), reply_of)


def monitor(host: Host, session: Session, args: list[bytes]) -> Answer:
    """`name ip port quorum`: watch one more master. The address is looked at where names can be resolved."""
    # The name goes into events, log lines and files, where a line break would speak for us. (Valkey 9 refuses it so.)
    if any(byte < 0x20 or byte == 0x7F for byte in args[2]):
        return refused("ERR Invalid argument at index 2 for SENTINEL MONITOR: control characters are not allowed")
    name, address, port, quorum = MasterName(text_of(args[2])), text_of(args[3]), integer(args[4]), integer(args[5])
    if quorum is None:
        return refused("ERR Invalid quorum")
    if port is None:
        return refused("ERR Invalid port")
    if quorum <= 0:
        return refused("ERR Quorum must be 1 or greater.")
    votes = min(quorum, LARGEST)
    return Later(lambda caller: MonitorRequested(caller, name, address, port, votes), reply_of)


def remove(host: Host, session: Session, args: list[bytes]) -> Answer:
    """Stop watching a master."""
    name = MasterName(text_of(args[2]))
    if host.view().master_settings(name) is None:
        return refused(NO_SUCH_MASTER)
    return Later(lambda caller: RemoveRequested(caller, name), reply_of)


def reset(host: Host, session: Session, args: list[bytes]) -> Answer:
    """Forget the replicas and sentinels of all masters whose name fits the pattern; answers how many did."""
    names = tuple(name for name in host.view().names() if matches(args[2], bytes_of(name)))
    return Later(lambda caller: ResetRequested(caller, names), reply_of)


def flushconfig(host: Host, session: Session, args: list[bytes]) -> Answer:
    """Write the configuration now."""
    return Later(FlushRequested, reply_of)


def simulate_failure(host: Host, session: Session, args: list[bytes]) -> Answer:
    """Crash at the next election or promotion, for tests of others. Each call replaces the last one, also for help."""
    wanted: set[bytes] = set()
    error: str | None = None
    render = reply_of
    for word in args[2:]:
        flag = word.lower()
        if flag == b"help":
            render = _name_crashes
            break
        if flag not in _CRASHES:
            error = "Unknown failure simulation specified"
            break
        wanted.add(flag)
    after_election, after_promotion = (crash in wanted for crash in _CRASHES)

    def ask(caller: Caller) -> FailureSimulated:
        return FailureSimulated(caller, after_election, after_promotion, error)

    return Later(ask, render)


def _name_crashes(result: Result) -> Reply:
    del result
    return list(_CRASHES)


def debug(host: Host, session: Session, args: list[bytes]) -> Answer:
    """Show the knobs in milliseconds, or turn some: pairs before a bad one stay."""
    tuning = host.view().tuning
    if len(args) == 2:
        return Now((Map([(word.upper(), b"%d" % getattr(tuning, knob)) for word, knob in _KNOBS.items()]),))
    error: str | None = None
    for at in range(2, len(args), 2):
        knob = _KNOBS.get(args[at].lower())
        if knob is None or at + 1 == len(args):
            error = f"Unknown option or number of arguments for SENTINEL DEBUG '{whole(args[at])}'"
            break
        value = integer(args[at + 1])
        if value is None or value <= 0:
            error = f"Invalid argument '{whole(args[at + 1])}' for SENTINEL DEBUG '{whole(args[at])}'"
            break
        turned_pings = tuning.ping_period_set or knob == "ping_period"
        tuning = replace(tuning, **{knob: value}, ping_period_set=turned_pings)
    turned = tuning
    return Later(lambda caller: TuningChanged(caller, turned, error), reply_of)


HANDLERS: Mapping[str, Handler] = {
    "sentinel|config": config_options.config,
    "sentinel|debug": debug,
    "sentinel|failover": failover,
    "sentinel|flushconfig": flushconfig,
    "sentinel|monitor": monitor,
    "sentinel|remove": remove,
    "sentinel|reset": reset,
    "sentinel|set": set_options.set_,
    "sentinel|simulate-failure": simulate_failure,
}
