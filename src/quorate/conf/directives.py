"""The directives that follow the word `sentinel`: one row each, with what each does to the state being read.

They are obeyed in three passes whatever their order in the file (sentinel documentation by example: an option may
stand above its `monitor` line): this sentinel's own, then the masters, then what belongs to a master.
"""

from collections.abc import Callable
from dataclasses import replace

from quorate.conf import our_directives
from quorate.conf.draft import (
    NO_HOST,
    NO_PORT,
    Draft,
    Pass,
    Statement,
    host_of,
    name_of,
    number,
    set_option,
    update,
)
from quorate.conf.options import Values
from quorate.model.address import MAX_PORT
from quorate.model.identity import EPOCH_JUMP, EPOCH_LIMIT, RUN_ID_LENGTH, Epoch, RunId, text_of
from quorate.model.saved import SavedMaster, SavedPeer
from quorate.model.settings import GlobalSettings, MasterSettings

UNRECOGNIZED = "Unrecognized sentinel configuration statement."
_INT_MAX = (1 << 31) - 1


def statement(words: Values) -> Statement | None:
    """The row for the words after `sentinel`, None if there is none of that name (any case) and number of arguments."""
    row = STATEMENTS.get(text_of(words[0]).lower())
    return row if row is not None and len(words) - 1 in row.counts else None


def turn_of(words: Values) -> Pass:
    """The pass in which these words are looked at; what nobody knows is refused in the last one."""
    row = STATEMENTS.get(text_of(words[0]).lower())
    return row.turn if row is not None else Pass.OF_MASTERS


def obey(draft: Draft, words: Values) -> str | None:
    """Obey the words after `sentinel`; the error text, or None."""
    row = statement(words)
    if row is None:
        return UNRECOGNIZED
    arguments = words[1:]
    if row.turn is Pass.OF_MASTERS and name_of(arguments) not in draft.masters:
        return "No such master with specified name."
    return row.obey(draft, arguments)


def epoch_fault(epoch: int, current: int) -> str | None:
    """Why an epoch from a file cannot be used, or None. `current` is our own current epoch."""
    if not 0 <= epoch < EPOCH_LIMIT:
        return f"Epoch out of range: it must be at least 0 and at most {EPOCH_LIMIT - 1}."
    if epoch > current + EPOCH_JUMP:
        return f"Epoch too far ahead: it is more than {EPOCH_JUMP} above the current epoch, {current}."
    return None


# --- this sentinel's own --------------------------------------------------------------------------------------------


def _text_setting(name: str) -> Callable[[Draft, Values], str | None]:
    """A text of the global settings; an empty value leaves it as it is."""

    def take(draft: Draft, values: Values) -> str | None:
        if values[0]:
            draft.settings = _with(draft.settings, name, text_of(values[0]))
        return None

    return take


def _flag_setting(name: str, complaint: str) -> Callable[[Draft, Values], str | None]:
    def take(draft: Draft, values: Values) -> str | None:
        word = values[0].lower()
        if word not in {b"yes", b"no"}:
            return complaint
        draft.settings = _with(draft.settings, name, word == b"yes")
        return None

    return take


def _with(settings: GlobalSettings, name: str, value: str | bool) -> GlobalSettings:
    return replace(settings, **{name: value})  # type: ignore[arg-type]  # the rows below name fields of that type


def _announce_port(draft: Draft, values: Values) -> str | None:
    port = number(values[0])
    if not 0 <= port <= MAX_PORT:
        # C takes it, and then no peer takes its hellos.
        draft.warnings.append(f"announce-port {port} is no port: other sentinels will ignore this one")
    draft.settings = replace(draft.settings, announce_port=port)
    return None


def _myid(draft: Draft, values: Values) -> str | None:
    # Any forty characters will do for C; ours must also travel in a hello, whose fields end at commas.
    good = len(values[0]) == RUN_ID_LENGTH and all(0x21 <= b < 0x7F and b != ord(",") for b in values[0])
    if not good:
        return "Malformed Sentinel id in myid option."
    draft.settings = replace(draft.settings, myid=RunId(text_of(values[0])))
    draft.has_myid = True
    return None


def _current_epoch(draft: Draft, values: Values) -> str | None:
    epoch = number(values[0])
    # This line says what is ours, so there is nothing to be too far ahead of.
    problem = epoch_fault(epoch, epoch)
    draft.current_epoch = max(draft.current_epoch, epoch) if problem is None else draft.current_epoch
    return problem


# --- masters --------------------------------------------------------------------------------------------------------


def _monitor(draft: Draft, values: Values) -> str | None:
    name, quorum, port = name_of(values), number(values[3]), number(values[2])
    if not 0 < quorum <= _INT_MAX:
        return "Quorum must be 1 or greater."
    host = host_of(draft, values[1])
    if not 0 <= port <= MAX_PORT:
        return NO_PORT
    if host is None:
        return NO_HOST
    if name in draft.masters:
        return "Duplicate master name."
    draft.masters[name] = SavedMaster(name, host, port, MasterSettings(quorum))
    return None


# --- what belongs to a master ---------------------------------------------------------------------------------------


def _time(name: str, lowest: int, complaint: str) -> Callable[[Draft, Values], str | None]:
    def take(draft: Draft, values: Values) -> str | None:
        span = number(values[1])
        # Beyond an int C wraps around, so such a file could not go back.
        if not lowest <= span <= _INT_MAX:
            return complaint
        set_option(draft, values, name, span)
        return None

    return take


def _parallel_syncs(draft: Draft, values: Values) -> str | None:
    set_option(draft, values, "parallel_syncs", number(values[1]))
    return None


def _script(name: str, complaint: str) -> Callable[[Draft, Values], str | None]:
    def take(draft: Draft, values: Values) -> str | None:
        path = text_of(values[1])
        if not draft.executable(path):
            return complaint
        set_option(draft, values, name, path)
        return None

    return take


def _credential(name: str) -> Callable[[Draft, Values], str | None]:
    def take(draft: Draft, values: Values) -> str | None:
        set_option(draft, values, name, text_of(values[1]))
        return None

    return take


def _rename(draft: Draft, values: Values) -> str | None:
    renames = draft.masters[name_of(values)].settings.renames
    old, new = text_of(values[1]), text_of(values[2])
    if (old, new) in renames:
        draft.warnings.append(f"rename-command {old} of master {name_of(values)} is there twice; one line is kept")
        return None
    if any(known.lower() == old.lower() for known, _ in renames):
        return "Same command renamed multiple times with rename-command."
    set_option(draft, values, "renames", (*renames, (old, new)))
    return None


def _config_epoch(draft: Draft, values: Values) -> str | None:
    epoch = number(values[1])
    problem = epoch_fault(epoch, draft.current_epoch)
    if problem is not None:
        return problem
    draft.current_epoch = max(draft.current_epoch, epoch)
    update(draft, replace(draft.masters[name_of(values)], config_epoch=Epoch(epoch)))
    return None


def _leader_epoch(draft: Draft, values: Values) -> str | None:
    epoch = number(values[1])
    problem = epoch_fault(epoch, draft.current_epoch)
    if problem is None:
        update(draft, replace(draft.masters[name_of(values)], leader_epoch=Epoch(epoch)))
    return problem


def _known_replica(draft: Draft, values: Values) -> str | None:
    host, port, master = host_of(draft, values[1]), number(values[2]), draft.masters[name_of(values)]
    if not 0 <= port <= MAX_PORT:
        return NO_PORT
    if host is None:
        return NO_HOST
    if (host, port) in master.replicas:
        # C refuses to start here, on lines that it may have written itself after announce-hostnames was toggled.
        draft.warnings.append(f"replica {host}:{port} of master {name_of(values)} is there twice; one line is kept")
        return None
    update(draft, replace(master, replicas=(*master.replicas, (host, port))))
    return None


def _known_sentinel(draft: Draft, values: Values) -> str | None:
    if len(values) == 3:
        return None  # the form without a run id, which old files have; nobody can be recognised by it
    host, port, master = host_of(draft, values[1]), number(values[2]), draft.masters[name_of(values)]
    if not 0 <= port <= MAX_PORT:
        return NO_PORT
    if host is None:
        return NO_HOST
    peer = SavedPeer(host, port, RunId(text_of(values[3])))
    if peer in master.peers:
        draft.warnings.append(f"sentinel {peer.run_id} of master {name_of(values)} is there twice; one line is kept")
        return None
    if any(known.run_id == peer.run_id for known in master.peers):
        return "Duplicate runid for sentinel."
    update(draft, replace(master, peers=(*master.peers, peer)))
    return None


_REBOOT = Statement(Pass.OF_MASTERS, (2,), _time("reboot_down_after", 0, "negative time parameter."))
_REPLICA = Statement(Pass.OF_MASTERS, (3,), _known_replica)
_ZERO = "negative or zero time parameter."

STATEMENTS: dict[str, Statement] = {
    "announce-ip": Statement(Pass.OURS, (1,), _text_setting("announce_ip")),
    "announce-port": Statement(Pass.OURS, (1,), _announce_port),
    "deny-scripts-reconfig": Statement(
        Pass.OURS,
        (1,),
        _flag_setting("deny_scripts_reconfig", "Please specify yes or no for the deny-scripts-reconfig options."),
    ),
    "sentinel-user": Statement(Pass.OURS, (1,), _text_setting("sentinel_user")),
    "sentinel-pass": Statement(Pass.OURS, (1,), _text_setting("sentinel_pass")),
    "current-epoch": Statement(Pass.OURS, (1,), _current_epoch),
    "myid": Statement(Pass.OURS, (1,), _myid),
    "resolve-hostnames": Statement(
        Pass.OURS,
        (1,),
        _flag_setting("resolve_hostnames", "Please specify yes or no for the resolve-hostnames option."),
    ),
    "announce-hostnames": Statement(
        Pass.OURS,
        (1,),
        _flag_setting("announce_hostnames", "Please specify yes or no for the announce-hostnames option."),
    ),
    "monitor": Statement(Pass.MASTERS, (4,), _monitor),
    "down-after-milliseconds": Statement(Pass.OF_MASTERS, (2,), _time("down_after", 1, _ZERO)),
    "failover-timeout": Statement(Pass.OF_MASTERS, (2,), _time("failover_timeout", 1, _ZERO)),
    "parallel-syncs": Statement(Pass.OF_MASTERS, (2,), _parallel_syncs),
    "notification-script": Statement(
        Pass.OF_MASTERS,
        (2,),
        _script("notification_script", "Notification script seems non existing or non executable."),
    ),
    "client-reconfig-script": Statement(
        Pass.OF_MASTERS,
        (2,),
        _script("client_reconfig_script", "Client reconfiguration script seems non existing or non executable."),
    ),
    "auth-pass": Statement(Pass.OF_MASTERS, (2,), _credential("auth_pass")),
    "auth-user": Statement(Pass.OF_MASTERS, (2,), _credential("auth_user")),
    "rename-command": Statement(Pass.OF_MASTERS, (3,), _rename),
    "master-reboot-down-after-period": _REBOOT,
    "primary-reboot-down-after-period": _REBOOT,
    "config-epoch": Statement(Pass.OF_MASTERS, (2,), _config_epoch),
    "leader-epoch": Statement(Pass.OF_MASTERS, (2,), _leader_epoch),
    "known-replica": _REPLICA,
    "known-slave": _REPLICA,
    "known-sentinel": Statement(Pass.OF_MASTERS, (3, 4), _known_sentinel),
    **our_directives.STATEMENTS,
}
"""Every directive by its lower-case name: what Redis and Valkey know, 25 names in all, and our own."""
