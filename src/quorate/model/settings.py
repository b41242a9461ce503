"""What an operator decides: per master, per sentinel, and the thirteen knobs of SENTINEL DEBUG."""

from dataclasses import dataclass
from enum import Enum

from quorate.model.candidates import ReplicaTag
from quorate.model.evidence import Detection
from quorate.model.identity import RunId
from quorate.model.millis import Millis

DEFAULT_PORT = 26379
DEFAULT_DOWN_AFTER: Millis = 30_000
DEFAULT_FAILOVER_TIMEOUT: Millis = 180_000


class Mode(Enum):
    """Whose command list, versions and wording clients see (`--compatible-with`)."""

    REDIS_7_0 = "redis-7.0"
    REDIS_7_2 = "redis-7.2"
    VALKEY_8 = "valkey-8"
    QUORATE = "quorate"
    """As redis-7.2, and what only we have is listed, too."""


@dataclass(frozen=True, slots=True)
class MasterSettings:
    """The options of one monitored master (`sentinel <option> <name> <value>`, SENTINEL SET). Times in milliseconds.

    `max_lag`: a replica that trails by more bytes is not promoted (0: no limit). `tags`: at most one for each address.
    `confirm_timeout` 0: two times down-after.
    """

    quorum: int
    down_after: Millis = DEFAULT_DOWN_AFTER
    failover_timeout: Millis = DEFAULT_FAILOVER_TIMEOUT
    parallel_syncs: int = 1
    notification_script: str = ""
    client_reconfig_script: str = ""
    auth_user: str = ""
    auth_pass: str = ""
    renames: tuple[tuple[str, str], ...] = ()
    reboot_down_after: Millis = 0
    max_lag: int = 0
    tags: tuple[ReplicaTag, ...] = ()
    crash_detection: Detection = Detection.NO
    confirm_by_replicas: bool = False
    confirm_timeout: Millis = 0

    def renamed(self, command: str) -> str:
        """The name under which this master knows `command` (matched regardless of case)."""
        wanted = command.lower()
        for old, new in self.renames:
            if old.lower() == wanted:
                return new
        return command


@dataclass(frozen=True, slots=True)
class GlobalSettings:
    """The options of this sentinel as a whole that the core needs or that SENTINEL CONFIG shows.

    `announce_ip` "" and `announce_port` 0 mean automatic. `listen_port` is the port told to peers when
    `announce_port` is 0: tls-port if links use TLS and it is set, else port. `requirepass` authenticates us to
    peers when `sentinel_pass` is empty. `loglevel` is one of debug, verbose, notice, warning, nothing.
    """

    myid: RunId
    listen_port: int = DEFAULT_PORT
    announce_ip: str = ""
    announce_port: int = 0
    resolve_hostnames: bool = False
    announce_hostnames: bool = False
    deny_scripts_reconfig: bool = True
    sentinel_user: str = ""
    sentinel_pass: str = ""
    requirepass: str = ""
    loglevel: str = "notice"
    mode: Mode = Mode.REDIS_7_2


@dataclass(frozen=True, slots=True)
class Tuning:
    """The knobs of SENTINEL DEBUG, in the order in which it lists them. Milliseconds; never saved."""

    info_period: Millis = 10_000
    ping_period: Millis = 1_000
    ask_period: Millis = 1_000
    publish_period: Millis = 2_000
    default_down_after: Millis = DEFAULT_DOWN_AFTER
    default_failover_timeout: Millis = DEFAULT_FAILOVER_TIMEOUT
    tilt_trigger: Millis = 2_000
    tilt_period: Millis = 30_000
    slave_reconf_timeout: Millis = 10_000
    min_link_reconnect_period: Millis = 15_000
    election_timeout: Millis = 10_000
    script_max_runtime: Millis = 60_000
    script_retry_delay: Millis = 30_000
    ping_period_set: bool = False
    """`ping_period` was turned: it counts as it is, for masters too. No knob itself."""
