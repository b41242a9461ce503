"""Configurations that nobody may start from: the line that is named and the reason given, the same in C and here."""

from typing import NamedTuple

from quorate.model.settings import Mode

MONITOR = "sentinel monitor m 127.0.0.1 6379 2\n"
BAD = "Bad directive or wrong number of arguments"
INTEGER = "argument couldn't be parsed into an integer"
COUNT = "wrong number of arguments"
UNRECOGNIZED = "Unrecognized sentinel configuration statement."
NOBODY = "No such master with specified name."
SPAN = "negative or zero time parameter."
REDIS = (Mode.REDIS_7_0, Mode.REDIS_7_2)


class Bad(NamedTuple):
    """A text whose line `number` is refused with `reason`, in these modes."""

    text: str
    number: int
    reason: str
    modes: tuple[Mode, ...] = tuple(Mode)

    @property
    def line(self) -> str:
        return self.text.split("\n")[self.number - 1].strip()


CASES = (
    Bad("# c\nport abc", 2, INTEGER),
    Bad("  # x\n  PORT  abc  ", 2, INTEGER),
    Bad("port", 1, COUNT),
    Bad("port 1 2", 1, COUNT),
    Bad("nonsense 1", 1, BAD),
    Bad("port -1", 1, "argument must be between 0 and 65535 inclusive"),
    Bad("port 70000", 1, "argument must be between 0 and 65535 inclusive"),
    Bad("daemonize maybe", 1, "argument must be 'yes' or 'no'"),
    Bad("loglevel loud", 1, "argument(s) must be one of the following: debug, verbose, notice, warning", REDIS[:1]),
    Bad("loglevel nothing", 1, "argument(s) must be one of the following: debug, verbose, notice, warning", REDIS[:1]),
    Bad(
        "loglevel loud",
        1,
        "argument(s) must be one of the following: debug, verbose, notice, warning, nothing",
        (Mode.REDIS_7_2, Mode.VALKEY_8),
    ),
    Bad("maxclients 0", 1, "argument must be between 1 and 4294967295 inclusive"),
    Bad("maxclients 5x", 1, INTEGER),
    Bad("timeout -1", 1, "argument must be between 0 and 2147483647 inclusive"),
    Bad("timeout 3000000000", 1, "argument must be between 0 and 2147483647 inclusive"),
    Bad('logfile "abc', 1, "Unbalanced quotes in configuration line"),
    Bad("logfile 'abc", 1, "Unbalanced quotes in configuration line"),
    Bad("dir /nonexistent/of/course", 1, "No such file or directory"),
    Bad("include", 1, BAD),
    Bad("a.b c\nport x", 2, INTEGER),
    Bad("rename-command a", 1, BAD),
    Bad("unixsocketperm 999", 1, "argument couldn't be parsed as an octal number"),
    Bad("unixsocketperm 1777", 1, "argument must be between 0 and 777 inclusive"),
    Bad("client-output-buffer-limit normal 1", 1, "Wrong number of arguments in buffer limit configuration."),
    Bad(
        "client-output-buffer-limit foo 1 2 3",
        1,
        "Invalid client class specified in buffer limit configuration.",
    ),
    Bad(
        "client-output-buffer-limit normal a 2 3",
        1,
        "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
    ),
    Bad("maxmemory 1zb", 1, "argument must be a memory value"),
    Bad("maxmemory-clients x", 1, "argument must be a memory or percent value"),
    Bad("proto-max-bulk-len 1kb", 1, "argument must be between 1048576 and 9223372036854775807 inclusive"),
    Bad("proc-title-template {foo}", 1, "template format is invalid or contains unknown variables"),
    Bad("save 1", 1, "Invalid save parameters"),
    Bad("save a b", 1, "Invalid save parameters"),
    Bad("tls-auth-clients maybe", 1, "argument(s) must be one of the following: no, yes, optional"),
    Bad("supervised maybe", 1, "argument(s) must be one of the following: upstart, systemd, auto, no"),
    Bad("oom-score-adj-values 1 2", 1, COUNT),
    Bad("oom-score-adj-values 1 2 x", 1, "Invalid oom-score-adj-values, elements must be between -2000 and 2000."),
    Bad("notify-keyspace-events Q", 1, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
    Bad("latency-tracking-info-percentiles x", 1, "Invalid latency-tracking-info-percentiles parameters"),
    Bad(
        "latency-tracking-info-percentiles 101",
        1,
        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
    ),
    Bad("bind" + " 127.0.0.1" * 17, 1, "Too many bind addresses specified."),
    Bad("appendfilename a/b", 1, "appendfilename can't be a path, just a filename"),
    Bad("dbfilename a/b", 1, "dbfilename can't be a path, just a filename"),
    Bad("appenddirname a/b", 1, "appenddirname can't be a path, just a dirname"),
    Bad(
        "cluster-announce-hostname a_b",
        1,
        "Hostnames may only contain alphanumeric characters, hyphens or dots",
    ),
    Bad("replicaof 1.2.3.4", 1, COUNT),
    Bad("slaveof 1.2.3.4 x", 1, "Invalid master port", REDIS),
    Bad("user", 1, BAD),
    Bad(
        "user foo on\nuser foo off",
        2,
        "Error in user declaration 'foo': Duplicate user found. A user can only be defined once in config files",
    ),
    Bad("sentinel foo", 1, UNRECOGNIZED),
    Bad("sentinel monitor", 1, UNRECOGNIZED),
    Bad("sentinel monitor a 127.0.0.1 6379 1 7", 1, UNRECOGNIZED),
    Bad("sentinel monitor a 127.0.0.1 6379 0", 1, "Quorum must be 1 or greater."),
    Bad("sentinel monitor a 127.0.0.1 6379 x", 1, "Quorum must be 1 or greater."),
    Bad("sentinel monitor a 127.0.0.1 70000 1", 1, "Invalid port number."),
    Bad("sentinel monitor a somehost 6379 1", 1, "Can't resolve instance hostname."),
    Bad(
        "sentinel monitor a 127.0.0.1 6379 1\nsentinel monitor a 127.0.0.2 6379 1",
        2,
        "Duplicate master name.",
    ),
    Bad("sentinel down-after-milliseconds m 5000", 1, NOBODY),
    Bad(MONITOR + "sentinel auth-pass x y", 2, NOBODY),
    Bad(MONITOR + "sentinel down-after-milliseconds m 0", 2, SPAN),
    Bad(MONITOR + "sentinel down-after-milliseconds m abc", 2, SPAN),
    Bad(MONITOR + "sentinel down-after-milliseconds m 2147483648", 2, SPAN),
    Bad(MONITOR + "sentinel down-after-milliseconds m", 2, UNRECOGNIZED),
    Bad(MONITOR + "sentinel failover-timeout m -3", 2, SPAN),
    Bad(
        MONITOR + "sentinel notification-script m /nope",
        2,
        "Notification script seems non existing or non executable.",
    ),
    Bad(
        MONITOR + "sentinel client-reconfig-script m /nope",
        2,
        "Client reconfiguration script seems non existing or non executable.",
    ),
    Bad(
        MONITOR + "sentinel rename-command m A B\nsentinel rename-command m a C",
        3,
        "Same command renamed multiple times with rename-command.",
    ),
    Bad(MONITOR + "sentinel master-reboot-down-after-period m -1", 2, "negative time parameter."),
    Bad(MONITOR + "sentinel known-replica m host 1", 2, "Can't resolve instance hostname."),
    Bad(MONITOR + "sentinel known-replica m 1.1.1.1 70000", 2, "Invalid port number."),
    Bad(
        MONITOR + "sentinel known-sentinel m 1.1.1.1 1 abc\nsentinel known-sentinel m 1.1.1.2 1 abc",
        3,
        "Duplicate runid for sentinel.",
    ),
    Bad(MONITOR + "sentinel known-sentinel m host 1 abc", 2, "Can't resolve instance hostname."),
    Bad(
        "sentinel deny-scripts-reconfig maybe",
        1,
        "Please specify yes or no for the deny-scripts-reconfig options.",
    ),
    Bad("sentinel resolve-hostnames maybe", 1, "Please specify yes or no for the resolve-hostnames option."),
    Bad("sentinel announce-hostnames maybe", 1, "Please specify yes or no for the announce-hostnames option."),
    Bad("SENTINEL MYID abc", 1, "Malformed Sentinel id in myid option."),
    Bad("sentinel sentinel-user a b", 1, UNRECOGNIZED),
    # What is wrong for a server comes first, then pass by pass.
    Bad("sentinel foo\nport abc", 2, INTEGER),
    Bad(MONITOR + "sentinel foo\nsentinel myid abc", 3, "Malformed Sentinel id in myid option."),
    # These end in an error so that the lines above it are seen to be accepted.
    Bad("sentinel\nsentinel foo", 2, UNRECOGNIZED),
    Bad(MONITOR + "sentinel parallel-syncs m -3\nsentinel foo", 3, UNRECOGNIZED),
    Bad(MONITOR + "sentinel notification-script m /tmp\nsentinel foo", 3, UNRECOGNIZED),
    Bad(MONITOR + "sentinel known-sentinel m 1.1.1.1 1\nsentinel foo", 3, UNRECOGNIZED),
    Bad("sentinel monitor a 127.0.0.1 abc 1\nsentinel foo", 2, UNRECOGNIZED),
    Bad("sentinel monitor a 1.1.1.1 1 1\nsentinel monitor b 1.1.1.1 1 1\nsentinel foo", 3, UNRECOGNIZED),
    Bad('sentinel sentinel-pass ""\nsentinel announce-ip ""\nsentinel foo', 3, UNRECOGNIZED),
    Bad("sentinel announce-port 70000\nsentinel foo", 2, UNRECOGNIZED),
    Bad("list-max-ziplist-entries 1\nlua-replicate-commands yes\nport x", 3, INTEGER),
    Bad("slaveof no one\nshutdown-on-sigterm save now\nmaxmemory 1Gb\nsave 1 1 2 2\nport x", 5, INTEGER),
)

EPOCH_RANGE = "Epoch out of range: it must be at least 0 and at most 9223372036854775807."
EPOCH_JUMP = "Epoch too far ahead: it is more than 4294967296 above the current epoch, 7."

OURS_ONLY = (
    # C starts from these, and should not: an epoch near the end of the range stops all elections.
    Bad("sentinel current-epoch -5", 1, EPOCH_RANGE),
    Bad("sentinel current-epoch 9223372036854775808", 1, EPOCH_RANGE),
    Bad(MONITOR + "sentinel config-epoch m -1", 2, EPOCH_RANGE),
    Bad(MONITOR + "sentinel leader-epoch m 18446744073709551615", 2, EPOCH_RANGE),
    Bad(MONITOR + "sentinel config-epoch m 4294967304\nsentinel current-epoch 7", 2, EPOCH_JUMP),
    Bad(MONITOR + "sentinel leader-epoch m 4294967304\nsentinel current-epoch 7", 2, EPOCH_JUMP),
    # C takes any forty bytes; with a comma they cannot travel in a hello.
    Bad("sentinel myid " + "a" * 39 + ",", 1, "Malformed Sentinel id in myid option."),
    # C logs these on standard output.
    Bad(
        "include /nonexistent/x",
        1,
        "Can't open included file '/nonexistent/x': No such file or directory",
    ),
    # What only we know.
    Bad("quorate nonsense", 1, "Unrecognized quorate configuration statement."),
    Bad(
        "#quorate compatible-with redis-5",
        1,
        "argument(s) must be one of the following: redis-7.0, redis-7.2, valkey-8, quorate",
    ),
)
