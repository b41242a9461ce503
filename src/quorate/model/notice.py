"""What a sentinel tells the world: the 48 events of the protocol, our own, and remarks for the log alone."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from quorate.model.identity import MasterName


class Level(IntEnum):
    """Log levels in rising order; the names are those of the `loglevel` directive. NOTHING is only a threshold."""

    DEBUG = 0
    VERBOSE = 1
    NOTICE = 2
    WARNING = 3
    NOTHING = 4


class Event(Enum):
    """Every event with its channel and its level (sentinel documentation, Pub/Sub messages)."""

    MONITOR = ("+monitor", Level.WARNING)
    UNMONITOR = ("-monitor", Level.WARNING)
    SET = ("+set", Level.WARNING)
    RESET_MASTER = ("+reset-master", Level.WARNING)
    SLAVE = ("+slave", Level.NOTICE)
    SENTINEL = ("+sentinel", Level.NOTICE)
    SENTINEL_ADDRESS_SWITCH = ("+sentinel-address-switch", Level.NOTICE)
    SENTINEL_INVALID_ADDR = ("+sentinel-invalid-addr", Level.NOTICE)
    SENTINEL_ADDRESS_UPDATE = ("+sentinel-address-update", Level.NOTICE)
    SDOWN = ("+sdown", Level.WARNING)
    SDOWN_OVER = ("-sdown", Level.WARNING)
    ODOWN = ("+odown", Level.WARNING)
    ODOWN_OVER = ("-odown", Level.WARNING)
    NEW_EPOCH = ("+new-epoch", Level.WARNING)
    TRY_FAILOVER = ("+try-failover", Level.WARNING)
    VOTE_FOR_LEADER = ("+vote-for-leader", Level.WARNING)
    ELECTED_LEADER = ("+elected-leader", Level.WARNING)
    ABORT_NOT_ELECTED = ("-failover-abort-not-elected", Level.WARNING)
    STATE_SELECT_SLAVE = ("+failover-state-select-slave", Level.WARNING)
    ABORT_NO_GOOD_SLAVE = ("-failover-abort-no-good-slave", Level.WARNING)
    SELECTED_SLAVE = ("+selected-slave", Level.WARNING)
    STATE_SEND_SLAVEOF_NOONE = ("+failover-state-send-slaveof-noone", Level.NOTICE)
    ABORT_SLAVE_TIMEOUT = ("-failover-abort-slave-timeout", Level.WARNING)
    STATE_WAIT_PROMOTION = ("+failover-state-wait-promotion", Level.NOTICE)
    PROMOTED_SLAVE = ("+promoted-slave", Level.WARNING)
    STATE_RECONF_SLAVES = ("+failover-state-reconf-slaves", Level.WARNING)
    SLAVE_RECONF_SENT = ("+slave-reconf-sent", Level.NOTICE)
    SLAVE_RECONF_INPROG = ("+slave-reconf-inprog", Level.NOTICE)
    SLAVE_RECONF_DONE = ("+slave-reconf-done", Level.NOTICE)
    SLAVE_RECONF_SENT_TIMEOUT = ("-slave-reconf-sent-timeout", Level.NOTICE)
    SLAVE_RECONF_SENT_BE = ("+slave-reconf-sent-be", Level.NOTICE)
    FAILOVER_END_FOR_TIMEOUT = ("+failover-end-for-timeout", Level.WARNING)
    FAILOVER_END = ("+failover-end", Level.WARNING)
    SWITCH_MASTER = ("+switch-master", Level.WARNING)
    CONFIG_UPDATE_FROM = ("+config-update-from", Level.WARNING)
    CONVERT_TO_SLAVE = ("+convert-to-slave", Level.NOTICE)
    FIX_SLAVE_CONFIG = ("+fix-slave-config", Level.NOTICE)
    REBOOT = ("+reboot", Level.NOTICE)
    ROLE_CHANGE = ("+role-change", Level.VERBOSE)
    ROLE_CHANGE_AWAY = ("-role-change", Level.VERBOSE)
    TILT = ("+tilt", Level.WARNING)
    TILT_OVER = ("-tilt", Level.WARNING)
    SCRIPT_ERROR = ("-script-error", Level.WARNING)
    SCRIPT_TIMEOUT = ("-script-timeout", Level.WARNING)
    SCRIPT_CHILD = ("+script-child", Level.DEBUG)
    SCRIPT_CHILD_OVER = ("-script-child", Level.DEBUG)
    CMD_LINK_RECONNECTION = ("-cmd-link-reconnection", Level.DEBUG)
    PUBSUB_LINK_RECONNECTION = ("-pubsub-link-reconnection", Level.DEBUG)
    # Ours: what C Sentinel keeps to itself.
    SAVE_ERROR = ("-save-error", Level.WARNING)
    SAVE_ERROR_OVER = ("+save-error-cleared", Level.WARNING)
    FORCED_WITHOUT_MAJORITY = ("+forced-without-majority", Level.WARNING)
    CONFIG_CONFLICT = ("+config-conflict", Level.WARNING)
    CONFIG_SETTLED = ("+config-settled", Level.WARNING)
    MOVE_BEGUN = ("+move-begun", Level.WARNING)
    MOVE_LEFT_TO_SERVER = ("+move-left-to-server", Level.WARNING)
    MOVE_PAUSED = ("+move-paused", Level.WARNING)
    MOVE_CAUGHT_UP = ("+move-caught-up", Level.WARNING)
    MOVE_STEPPED_ASIDE = ("+move-stepped-aside", Level.WARNING)
    MOVE_UNDONE = ("-move-undone", Level.WARNING)
    ABORT_MOVE = ("-failover-abort-move", Level.WARNING)
    ABORT_LEAVING = ("-failover-abort-leaving", Level.WARNING)
    MOVE_LEFT_OVER = ("+move-left-over", Level.WARNING)
    CRASHED = ("+crashed", Level.WARNING)
    CRASHED_OVER = ("-crashed", Level.WARNING)
    CONFIRM_WAIT = ("+confirm-wait", Level.WARNING)
    CONFIRM_OVER = ("-confirm-wait", Level.WARNING)
    CONFIRM_TIMEOUT = ("+confirm-timeout", Level.WARNING)
    ABORT_ALIVE = ("-failover-abort-master-alive", Level.WARNING)
    EPOCH_REFUSED = ("-epoch-refused", Level.WARNING)

    @property
    def channel(self) -> str:
        """The name on the wire, sign included."""
        return str(self.value[0])

    @property
    def level(self) -> Level:
        """How loud; DEBUG is logged and not published."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Notice:
    """One event. `master` is set when the event has a subject: then WARNING notices go to that master's `script`."""

    event: Event
    text: str
    master: MasterName | None = None
    script: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A line for the log that is no event and is never published."""

    level: Level
    text: str
