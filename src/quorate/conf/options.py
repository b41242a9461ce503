"""What a configuration file says, as values: the saved state of the core, and how the process is to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from quorate.model.saved import SavedState
from quorate.model.settings import DEFAULT_PORT


@dataclass(frozen=True, slots=True)
class Source:
    """What to load: the file's path (for messages), its bytes, the command line's directives as (name, value, ...)."""

    path: str
    data: bytes
    extra: tuple[tuple[bytes, ...], ...] = ()


class Surroundings(Protocol):
    """What loading asks of the machine. Paths are texts as `os.fsdecode` makes them."""

    def included(self, pattern: str) -> Sequence[tuple[str, bytes]]:
        """Path and bytes of each file that an `include` names, in order; OSError when one cannot be read."""
        ...

    def enter(self, directory: str) -> str:
        """Change the working directory (`dir` acts while the file is read) and give its full path; OSError.

        "." asks where we are.
        """
        ...

    def is_executable(self, path: str) -> bool:
        """True for a file that we may run."""
        ...

    def check_user(self, words: Sequence[str]) -> str | None:
        """What is wrong with the words after `user` (name and rules), or None."""
        ...


@dataclass(frozen=True, slots=True)
class OutputLimit:
    """One class of client-output-buffer-limit: bytes, bytes, seconds; 0 is no limit."""

    hard: int = 0
    soft: int = 0
    soft_seconds: int = 0


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """The tls-* directives. `auth_clients` is yes, no or optional; texts are "" where not given."""

    port: int = 0
    replication: bool = False
    cluster: bool = False
    auth_clients: str = "yes"
    cert_file: str = ""
    key_file: str = ""
    key_file_pass: str = ""
    client_cert_file: str = ""
    client_key_file: str = ""
    client_key_file_pass: str = ""
    ca_cert_file: str = ""
    ca_cert_dir: str = ""
    dh_params_file: str = ""
    protocols: str = ""
    ciphers: str = ""
    ciphersuites: str = ""
    prefer_server_ciphers: bool = False
    session_caching: bool = True
    session_cache_size: int = 20480
    session_cache_timeout: int = 300


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Where log lines go, and how they look.

    `file` "" is standard output; `format` legacy, logfmt or json; `timestamps` legacy, iso8601 or milliseconds.
    """

    level: str = "notice"
    file: str = ""
    syslog: bool = False
    syslog_ident: str = "redis"
    syslog_facility: str = "local0"
    format: str = "legacy"
    timestamps: str = "legacy"


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Limits for those who connect to us. `timeout`, `keepalive` in seconds, sizes in bytes; 0 switches a limit off."""

    maxclients: int = 10000
    timeout: int = 0
    keepalive: int = 300
    backlog: int = 511
    query_limit: int = 1 << 30
    bulk_limit: int = 512 << 20
    normal: OutputLimit = OutputLimit()
    pubsub: OutputLimit = OutputLimit(32 << 20, 8 << 20, 60)


@dataclass(frozen=True, slots=True)
class AclOptions:
    """Who may do what. `users` are the words after each `user` directive: (name, rule, ...)."""

    requirepass: str = ""
    users: tuple[tuple[str, ...], ...] = ()
    file: str = ""
    log_max_len: int = 128
    channels_by_default: bool = False
    """acl-pubsub-default allchannels."""


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """How the process runs and listens; the defaults are those of a sentinel.

    `bind` keeps the leading dash of optional addresses. `directory` is the full path of the working directory.
    `pidfile` "" while not given (a daemon then uses `default_pidfile`). `unixsocketperm` 0: leave to the umask.
    """

    port: int = DEFAULT_PORT
    bind: tuple[str, ...] = ("*", "-::*")
    bind_source: str = ""
    unixsocket: str = ""
    unixsocketperm: int = 0
    protected_mode: bool = False
    daemonize: bool = False
    supervised: str = "no"
    pidfile: str = ""
    default_pidfile: str = "/var/run/redis.pid"
    directory: str = ""
    set_proc_title: bool = True
    proc_title_template: str = "{title} {listen-addr} {server-mode}"
    hz: int = 10
    extended_redis_compatibility: bool = False
    availability_zone: str = ""
    renames: tuple[tuple[str, str], ...] = ()
    """Top-level rename-command lines: (command, new name or "")."""
    log: LogOptions = LogOptions()
    clients: ClientOptions = ClientOptions()
    acl: AclOptions = AclOptions()
    tls: TlsOptions = TlsOptions()


Values = tuple[bytes, ...]
"""The arguments of one directive."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that a start needs. `saved.settings` has the file's myid, or the new one (then `has_myid` is False).

    `standard` has the values of every standard directive given, by lower-case name, last one last: the rewriter
    writes them back. `warnings` are lines for the log: what was accepted without effect, merged or corrected.
    """

    path: str
    saved: SavedState
    process: ProcessOptions
    has_myid: bool
    warnings: tuple[str, ...] = ()
    standard: Mapping[str, tuple[Values, ...]] = field(default_factory=dict)
