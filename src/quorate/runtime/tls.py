"""TLS for our port and for our links, by the standard ssl module; certificates are read again when they change."""

import os
import ssl
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quorate.conf.options import TlsOptions
from quorate.model.notice import Level

CHECK_EVERY = 2.0
"""Seconds between two looks at the certificate files, taken by a thread: a slow disk holds up no connection."""

WITHOUT_EFFECT = {
    "tls-ciphersuites": "the suites of TLS 1.3 are those that OpenSSL is configured for on this system",
    "tls-session-cache-size": "sessions are cached in OpenSSL's default size",
    "tls-session-cache-timeout": "sessions are cached for OpenSSL's default time",
}
"""Directives that Python's ssl module cannot carry out, and what happens instead (docs/compatibility.md lists them)."""

_PROTOCOLS = {
    "tlsv1": (ssl.TLSVersion.TLSv1, ssl.OP_NO_TLSv1),
    "tlsv1.1": (ssl.TLSVersion.TLSv1_1, ssl.OP_NO_TLSv1_1),
    "tlsv1.2": (ssl.TLSVersion.TLSv1_2, ssl.OP_NO_TLSv1_2),
    "tlsv1.3": (ssl.TLSVersion.TLSv1_3, ssl.OP_NO_TLSv1_3),
}
"""By lower-case name, oldest first: the version, and how to forbid it alone."""

_DEFAULT_PROTOCOLS = "TLSv1.2 TLSv1.3"
_VERIFY = {"yes": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "no": ssl.CERT_NONE}


class TlsError(Exception):
    """The tls-* directives or their files cannot be used. `str()` is for people."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A certificate with its key. `what` is the beginning of the directives' names."""

    what: str
    certificate: str
    key: str
    password: str


def wanted(options: TlsOptions) -> bool:
    """True if anything of ours shall speak TLS."""
    return bool(options.port or options.replication or options.cluster)


def remarks(options: TlsOptions) -> tuple[str, ...]:
    """Lines for the log about directives that were given and have no effect."""
    given = {
        "tls-ciphersuites": bool(options.ciphersuites),
        "tls-session-cache-size": options.session_cache_size != TlsOptions().session_cache_size,
        "tls-session-cache-timeout": options.session_cache_timeout != TlsOptions().session_cache_timeout,
    }
    return tuple(f"{name} has no effect: {WITHOUT_EFFECT[name]}" for name, is_given in given.items() if is_given)


class Tls:
    """The two contexts, always fresh. Hand `server` to listeners once; ask `client` for every link.

    A certificate that was replaced by something unusable is reported to `log` once and the old one stays in use.
    """

    def __init__(self, options: TlsOptions, log: Callable[[Level, str], None]) -> None:
        """Read everything; TlsError if it cannot be used."""
        self._options = options
        self._log = log
        self._seen = _fingerprint(options)
        self._fresh_server, self._client = _both(options)
        self.server = self._front()
        self._stop = threading.Event()

    @property
    def client(self) -> ssl.SSLContext:
        """The context of a new link: the far end shows a certificate of our CA; its names are not compared, as in C."""
        return self._client

    def watch(self, every: float = CHECK_EVERY) -> None:
        """Look for changed files from now on, in a thread."""
        threading.Thread(target=self._watch, args=(every,), name="quorate-tls", daemon=True).start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()

    def refresh(self) -> bool:
        """Read the files again if they changed. True if new contexts are in use. Blocks on the disk."""
        seen = _fingerprint(self._options)
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self._fresh_server, self._client = _both(self._options)
        except TlsError as error:
            self._log(Level.WARNING, f"The changed TLS files cannot be used, the old ones stay in use: {error}")
            return False
        self._log(Level.NOTICE, "TLS certificates were read again")
        return True

    def _watch(self, every: float) -> None:
        while not self._stop.wait(every):
            self.refresh()

    def _front(self) -> ssl.SSLContext:
        """A context that a listener can keep for ever: each handshake is moved to the newest context."""
        front = _context(self._options, ssl.PROTOCOL_TLS_SERVER, _server_pair(self._options))

        def move(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, initial: ssl.SSLContext) -> None:
            del name, initial
            connection.context = self._fresh_server

        front.sni_callback = move
        return front


def _both(options: TlsOptions) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts for those who connect to us, and for our links."""
    needs_ca = options.auth_clients != "no" or options.cluster or options.replication
    if needs_ca and not options.ca_cert_file and not options.ca_cert_dir:
        raise TlsError(
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or "
            "tls-auth-clients are enabled!"
        )
    server = _context(options, ssl.PROTOCOL_TLS_SERVER, _server_pair(options))
    pair = _server_pair(options)
    if options.client_cert_file:
        pair = _Pair("tls-client-", options.client_cert_file, options.client_key_file, options.client_key_file_pass)
    return server, _context(options, ssl.PROTOCOL_TLS_CLIENT, pair)


def _server_pair(options: TlsOptions) -> _Pair:
    return _Pair("tls-", options.cert_file, options.key_file, options.key_file_pass)


def _context(options: TlsOptions, protocol: int, pair: _Pair) -> ssl.SSLContext:
    if not pair.certificate:
        raise TlsError(f"No {pair.what}cert-file configured!")
    if not pair.key:
        raise TlsError(f"No {pair.what}key-file configured!")
    context = ssl.SSLContext(protocol)
    _limit_protocols(context, options.protocols)
    context.check_hostname = False
    is_server = protocol == ssl.PROTOCOL_TLS_SERVER
    context.verify_mode = _VERIFY[options.auth_clients] if is_server else ssl.CERT_REQUIRED
    if options.ciphers:
        _attempt("tls-ciphers", options.ciphers, lambda: context.set_ciphers(options.ciphers))
    if is_server:
        _server_options(context, options)
    _attempt(f"{pair.what}cert-file", pair.certificate, lambda: _load_pair(context, pair))
    if options.ca_cert_file:
        file = options.ca_cert_file
        _attempt("tls-ca-cert-file", file, lambda: context.load_verify_locations(cafile=os.fsencode(file)))
    if options.ca_cert_dir:
        folder = options.ca_cert_dir
        _attempt("tls-ca-cert-dir", folder, lambda: context.load_verify_locations(capath=os.fsencode(folder)))
    return context


def _server_options(context: ssl.SSLContext, options: TlsOptions) -> None:
    if options.prefer_server_ciphers:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if not options.session_caching:
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    if options.dh_params_file:
        path = options.dh_params_file
        _attempt("tls-dh-params-file", path, lambda: context.load_dh_params(path))


def _load_pair(context: ssl.SSLContext, pair: _Pair) -> None:
    # Without a password OpenSSL would ask for one on the terminal; an empty one makes it fail instead.
    context.load_cert_chain(os.fsencode(pair.certificate), os.fsencode(pair.key), password=lambda: pair.password)


def _limit_protocols(context: ssl.SSLContext, protocols: str) -> None:
    """Allow the protocols named and no others; unknown words are an error as in C."""
    names = (protocols or _DEFAULT_PROTOCOLS).replace(",", " ").lower().split()
    for name in names:
        if name not in _PROTOCOLS:
            raise TlsError(f"Invalid tls-protocols specified: {name!r}. Use a combination of {sorted(_PROTOCOLS)}")
    allowed = [version for name, (version, _) in _PROTOCOLS.items() if name in names]
    with warnings.catch_warnings():
        # Old protocols are deprecated, and so is a gap in the middle; whoever asks for either has a reason.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = allowed[0], allowed[-1]
        for name, (version, forbid) in _PROTOCOLS.items():
            if name not in names and allowed[0] < version < allowed[-1]:
                context.options |= forbid


def _attempt(directive: str, value: str, act: Callable[[], object]) -> None:
    """Do what a directive asks for; whatever ssl makes of a bad value becomes a TlsError that names it."""
    try:
        act()
    except (OSError, ValueError) as error:
        raise TlsError(f"{directive} {value!r} cannot be used: {error}") from error


def _fingerprint(options: TlsOptions) -> tuple[tuple[int, int, int] | None, ...]:
    """What tells a changed file: time of change, inode and size of each; None for a missing one."""
    paths = (
        options.cert_file,
        options.key_file,
        options.client_cert_file,
        options.client_key_file,
        options.ca_cert_file,
        options.ca_cert_dir,
        options.dh_params_file,
    )
    return tuple(_look(path) for path in paths if path)


def _look(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
