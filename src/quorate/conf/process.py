"""Values of standard directives → `ProcessOptions`."""

from collections.abc import Mapping, Sequence

from quorate.conf import special
from quorate.conf.options import (
    AclOptions,
    ClientOptions,
    LogOptions,
    ProcessOptions,
    TlsOptions,
    Values,
)
from quorate.conf.table_data import ALIASES
from quorate.conf.table_data import ROWS as DATA_ROWS
from quorate.conf.table_process import ROWS as PROCESS_ROWS
from quorate.model.candidates import size
from quorate.model.identity import text_of
from quorate.model.settings import DEFAULT_PORT, Mode

STANDARD = {row.name: row for row in (*PROCESS_ROWS, *DATA_ROWS)}
"""Every standard directive by its name; older names are in `ALIASES`."""

# A sentinel starts from other defaults than a server, and Valkey signs with its own name.
_OF_SENTINEL = {"port": str(DEFAULT_PORT).encode(), "protected-mode": b"no"}
_OF_VALKEY = {"syslog-ident": b"valkey"}

_NO_EFFECT = {
    "tls-auth-clients-user": "clients are not authenticated by their certificate's name",
    "tls-auto-reload-interval": "certificates are re-read when they change",
    "tls-session-cache-size": "the session cache cannot be sized here",
    "tls-session-cache-timeout": "the session cache cannot be timed here",
    "unixsocketgroup": "the socket keeps the group of the process",
    "loadmodule": "there are no modules here",
}


def standard_name(word: bytes) -> str | None:
    """The directive's present name for a word of any case, None if there is no such directive."""
    name = text_of(word).lower()
    name = ALIASES.get(name, name)
    return name if name in STANDARD else None


def warnings(standard: Mapping[str, Sequence[Values]]) -> list[str]:
    """A line for the log for each directive that an operator may expect something of, and that does nothing here."""
    return [f"{name} is accepted without effect: {why}" for name, why in _NO_EFFECT.items() if name in standard]


class _Given:
    """The values given, or else the defaults of a sentinel, by directive and type."""

    def __init__(self, standard: Mapping[str, Sequence[Values]], mode: Mode) -> None:
        self._standard = standard
        self._defaults = _OF_SENTINEL | (_OF_VALKEY if mode is Mode.VALKEY_8 else {})

    def value(self, name: str) -> bytes:
        lines = self._standard.get(name)
        return lines[-1][0] if lines else self._defaults.get(name, STANDARD[name].default.encode())

    def text(self, name: str) -> str:
        return text_of(self.value(name))

    def word(self, name: str) -> str:
        return self.text(name).lower()

    def flag(self, name: str) -> bool:
        return self.word(name) == "yes"

    def number(self, name: str, base: int = 10) -> int:
        return int(self.value(name), base)

    def size(self, name: str) -> int:
        return size(self.value(name)) or 0

    def lines(self, name: str) -> Sequence[Values]:
        return self._standard.get(name, ())


def options(standard: Mapping[str, Sequence[Values]], directory: str, mode: Mode) -> ProcessOptions:
    """The options of the process from valid values; `directory` is the working directory after all `dir` lines."""
    given = _Given(standard, mode)
    bind = given.lines("bind")
    return ProcessOptions(
        port=given.number("port"),
        bind=tuple(text_of(word) for word in bind[-1] if word) if bind else ("*", "-::*"),
        bind_source=given.text("bind-source-addr"),
        unixsocket=given.text("unixsocket"),
        unixsocketperm=given.number("unixsocketperm", 8),
        protected_mode=given.flag("protected-mode"),
        daemonize=given.flag("daemonize"),
        supervised=given.word("supervised"),
        pidfile=given.text("pidfile"),
        default_pidfile="/var/run/valkey.pid" if mode is Mode.VALKEY_8 else "/var/run/redis.pid",
        directory=directory,
        set_proc_title=given.flag("set-proc-title"),
        proc_title_template=given.text("proc-title-template"),
        hz=min(max(given.number("hz"), 1), 500),
        extended_redis_compatibility=given.flag("extended-redis-compatibility"),
        availability_zone=given.text("availability-zone"),
        renames=tuple((text_of(old), text_of(new)) for old, new in given.lines("rename-command")),
        log=_log(given),
        clients=_clients(given),
        acl=_acl(given),
        tls=_tls(given),
    )


def _log(given: _Given) -> LogOptions:
    return LogOptions(
        level=given.word("loglevel"),
        file=given.text("logfile"),
        syslog=given.flag("syslog-enabled"),
        syslog_ident=given.text("syslog-ident"),
        syslog_facility=given.word("syslog-facility"),
        format=given.word("log-format"),
        timestamps=given.word("log-timestamp-format"),
    )


def _clients(given: _Given) -> ClientOptions:
    limits = special.limits(given.lines("client-output-buffer-limit"))
    return ClientOptions(
        maxclients=given.number("maxclients"),
        timeout=given.number("timeout"),
        keepalive=given.number("tcp-keepalive"),
        backlog=given.number("tcp-backlog"),
        query_limit=given.size("client-query-buffer-limit"),
        bulk_limit=given.size("proto-max-bulk-len"),
        normal=limits[b"normal"],
        pubsub=limits[b"pubsub"],
    )


def _acl(given: _Given) -> AclOptions:
    return AclOptions(
        requirepass=given.text("requirepass"),
        users=tuple(tuple(map(text_of, words)) for words in given.lines("user")),
        file=given.text("aclfile"),
        log_max_len=given.number("acllog-max-len"),
        channels_by_default=given.word("acl-pubsub-default") == "allchannels",
    )


def _tls(given: _Given) -> TlsOptions:
    return TlsOptions(
        port=given.number("tls-port"),
        replication=given.flag("tls-replication"),
        cluster=given.flag("tls-cluster"),
        auth_clients=given.word("tls-auth-clients"),
        cert_file=given.text("tls-cert-file"),
        key_file=given.text("tls-key-file"),
        key_file_pass=given.text("tls-key-file-pass"),
        client_cert_file=given.text("tls-client-cert-file"),
        client_key_file=given.text("tls-client-key-file"),
        client_key_file_pass=given.text("tls-client-key-file-pass"),
        ca_cert_file=given.text("tls-ca-cert-file"),
        ca_cert_dir=given.text("tls-ca-cert-dir"),
        dh_params_file=given.text("tls-dh-params-file"),
        protocols=given.text("tls-protocols"),
        ciphers=given.text("tls-ciphers"),
        ciphersuites=given.text("tls-ciphersuites"),
        prefer_server_ciphers=given.flag("tls-prefer-server-ciphers"),
        session_caching=given.flag("tls-session-caching"),
        session_cache_size=given.number("tls-session-cache-size"),
        session_cache_timeout=given.number("tls-session-cache-timeout"),
    )
