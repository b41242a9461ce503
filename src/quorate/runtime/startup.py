"""From a command line to everything that a sentinel needs before it listens; or the reason why it will not start."""

import errno
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quorate.commands.acl import AclFileError, Book
from quorate.conf.load import load
from quorate.conf.options import AclOptions, Config, Source, TlsOptions
from quorate.conf.reader import ConfigError, mode_of
from quorate.conf.rewrite import Document
from quorate.model.address import numeric
from quorate.model.identity import RunId, bytes_of
from quorate.model.notice import Level
from quorate.model.saved import SavedState
from quorate.model.settings import Mode
from quorate.runtime import tls
from quorate.runtime.invocation import Invocation, standard_input
from quorate.runtime.logs import Log
from quorate.runtime.store import Store, StoreError
from quorate.runtime.surroundings import Machine


class Refused(Exception):  # noqa: N818
    """We do not start. `str()` is the last line of the log; C Sentinel puts it there too, not on standard error."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A configuration that was read, and the file that it came from. `path` is absolute."""

    path: str
    config: Config
    store: Store
    document: Document


def read(invocation: Invocation) -> Prepared:
    """Read the configuration. Refused if there is no usable file, ConfigError if its content cannot be used.

    Enters the directory that the configuration names. Nothing is written.
    """
    if invocation.path is None:
        raise Refused("Sentinel needs config file on disk to save state. Exiting...")
    path = str(Path.cwd() / invocation.path)
    store = Store(path)
    try:
        data = store.read()
    except OSError as error:
        raise Refused(f"Fatal error, can't open config file '{path}': {error.strerror}") from error
    extra = (*(standard_input() if invocation.from_stdin else ()), *invocation.extra)
    around = Machine(invocation.mode or mode_of(data) or Mode.REDIS_7_2)
    config = load(Source(path, data, extra), RunId(secrets.token_hex(20)), invocation.mode, around)
    return Prepared(path, config, store, Document(data, config))


def check_log(prepared: Prepared) -> None:
    """ConfigError, as in C Sentinel, if the log cannot be written: later there would be nowhere to say so."""
    path = prepared.config.process.log.file
    if not path:
        return
    try:
        # A named pipe that nobody reads yet must not hold us up.
        os.close(os.open(bytes_of(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666))
    except OSError as error:
        if error.errno != errno.ENXIO:
            mode = prepared.config.saved.settings.mode
            reason = f"Can't open the log file: {error.strerror} ({path})"
            raise ConfigError(prepared.path, 0, "", reason, mode) from error


def check_writable(prepared: Prepared) -> None:
    """Refused if no way of saving the configuration can work."""
    prepared.store.copies_in(prepared.config.process.directory or str(Path.cwd()))
    if not os.access(prepared.path, os.W_OK):
        raise Refused(f"Sentinel config file {prepared.path} is not writable: Permission denied. Exiting...")
    try:
        prepared.store.check_writable()
    except StoreError as error:
        raise Refused(f"Sentinel config file {prepared.path} is not writable: {error}. Exiting...") from error


def users(options: AclOptions, mode: Mode) -> Book:
    """The users of the ACL, from the configuration or from the ACL file. Refused if they cannot be used."""
    book = Book(mode, log_limit=options.log_max_len, channels_by_default=options.channels_by_default)
    if options.users and options.file:
        raise Refused(
            "Users are defined in the configuration file and an aclfile is configured too: only one of them can hold "
            "the users. Exiting..."
        )
    if options.requirepass:
        book.require_password(options.requirepass)
    try:
        if options.file:
            book.load_file(Path(options.file).read_bytes(), options.file)
        else:
            book.load_lines(options.users)
    except OSError as error:
        raise Refused(f"Error loading ACLs, opening file '{options.file}': {error.strerror}") from error
    except AclFileError as error:
        raise Refused(f"Aborting startup because of ACL errors: {error}") from error
    except ValueError as error:
        raise Refused(f"Critical error while loading ACLs: {error}. Exiting.") from error
    return book


def certificates(options: TlsOptions, log: Log) -> tls.Tls | None:
    """The TLS contexts, followed when their files change; None where nothing uses TLS. Refused if they are no use."""
    if not tls.wanted(options):
        return None
    try:
        contexts = tls.Tls(options, log.write)
    except tls.TlsError as error:
        log.write(Level.WARNING, str(error))
        raise Refused("Failed to configure TLS. Check logs for more info.") from error
    contexts.watch()
    return contexts


def names_in(saved: SavedState) -> Iterator[str]:
    """Every host of the saved state that is a name; none while names are not to be resolved."""
    if not saved.settings.resolve_hostnames:
        return
    for master in saved.masters:
        hosts = [master.host, *(host for host, _ in master.replicas), *(peer.host for peer in master.peers)]
        yield from (host for host in hosts if host and numeric(host) is None)
