"""The life of a sentinel process: start in the order that lets nothing be lost, run, and leave without delay.

The order is that of C Sentinel (read, check, go to the background, pid file, users, listen, save, announce), because
others rely on it: a port that is taken leaves the configuration untouched, and whoever can connect finds it saved.
"""

import asyncio
import gc
import os
import secrets
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from quorate import __version__
from quorate.commands.acl import Book
from quorate.conf.load import ConfigError
from quorate.conf.options import LogOptions
from quorate.core.driver import Driver
from quorate.core.inputs import Stopping
from quorate.core.sentinel import Sentinel
from quorate.model.identity import bytes_of
from quorate.model.millis import Millis
from quorate.model.notice import Level
from quorate.model.saved import SaveDelta
from quorate.runtime import clock, process, quiet, slices, startup, tls
from quorate.runtime.history import History
from quorate.runtime.invocation import Invocation
from quorate.runtime.listener import BindFailed, Doors, Serving, open_doors, serve
from quorate.runtime.logs import Log
from quorate.runtime.loop import Identity, World
from quorate.runtime.names import Names, resolve_all
from quorate.runtime.ports import Outward, Ports
from quorate.runtime.process import PidFile
from quorate.runtime.script_queue import Limits
from quorate.runtime.scripts import Scripts
from quorate.runtime.signals import Signals
from quorate.runtime.startup import Prepared, Refused
from quorate.runtime.store import Saver
from quorate.runtime.store_side import SideFile
from quorate.runtime.systemd import Supervision, Supervisor, supervision

NAMES_PATIENCE = 2.0
"""Seconds that a start waits for name servers; what is unknown then is asked for again while running."""

LAST_WORDS = 0.04
"""Seconds that the last records, and then the last lines of the log, may take at the end."""

LAST_BYTES = 0.005
"""Seconds that the loop still turns at the end, so that replies that were given leave."""

LEADING_PATIENCE = 1.9
"""Seconds by which a leader stays on that has ordered a promotion, or an old master aside: to tell everybody of it."""

REPEAT_AFTER: Millis = 60_000
"""Until the log hears of the same failure to save again."""

_TURN_OF_THREADS = 0.0005
"""Seconds by which a busy loop may keep other threads waiting. A save lets go of the interpreter a dozen times, at each
call to the disk, and votes wait for it; by Python's own five milliseconds each time a hundred failovers took twice as
long as computing took."""

_LEADING = frozenset(("send_slaveof_noone", "wait_promotion", "reconf_slaves", "update_config"))

# Nothing that lives long is a cycle, and what does not is freed by counting; collections are rare and look at little.
_COLLECT_AFTER = (20_000, 20, 50)


def main(invocation: Invocation, signals: Signals) -> NoReturn:
    """Be a sentinel. The process ends in here, with 0 when told to end and 1 when it cannot start."""
    log = Log(LogOptions())
    try:
        prepared = startup.read(invocation)
        options = prepared.config.process
        startup.check_log(prepared)
        log = Log(options.log)
        startup.check_writable(prepared)
    except ConfigError as error:
        # Only this goes to standard error: who starts us by hand must see what is wrong, and there may be no log.
        os.write(2, bytes_of(f"{str(error).rstrip()}\n"))
        os._exit(1)
    except Refused as error:
        log.write(Level.WARNING, str(error))
        os._exit(1)
    supervisor = Supervisor(supervision(options.supervised, os.environ), os.environ.get("NOTIFY_SOCKET", ""))
    background = options.daemonize and supervisor.kind is Supervision.NO
    if background:
        process.daemonize()
    log = Log(options.log, daemonized=background)
    Daemon(prepared, log, supervisor, signals).live(background=background)


class Daemon:
    """One life. Whatever ends it ends in `end` or `crash`."""

    def __init__(self, prepared: Prepared, log: Log, supervisor: Supervisor, signals: Signals) -> None:
        self._prepared = prepared
        self._log = log
        self._supervisor = supervisor
        self._signals = signals
        self._pidfile: PidFile | None = None
        self._doors: Doors | None = None
        self._serving: Serving | None = None
        self._world: World | None = None
        self._history = History(SideFile(prepared.path), lambda: clock.wall_us() // 1000, log.write)
        self._leaving = False

    def live(self, *, background: bool) -> NoReturn:
        """Start, run and end."""
        self._signals.on_leave(self._leave_early)
        quiet.keep_off_standard_error(self._log)
        self._log.start()
        sys.setswitchinterval(_TURN_OF_THREADS)
        slices.ask_for_short_slices()
        try:
            parts = self._settle(background=background)
            loop = _new_loop()
            asyncio.set_event_loop(loop)
            # One run from the first to the last: uvloop forgets signals that come between two.
            loop.run_until_complete(self._serve(loop, parts))
        except (Refused, BindFailed) as error:
            self._log.write(Level.WARNING, str(error))
        except BaseException:  # noqa: BLE001 - it belongs into the log, since nobody reads our standard error
            quiet.report(self._log, "The sentinel stops because of an error of its own:", traceback.format_exc())
        self.end(1)

    def end(self, status: int) -> NoReturn:
        """Leave now: no thread that hangs in the disk or in a name server can hold us."""
        self._supervisor.stopping()
        if self._doors is not None:
            self._doors.remove_path()
        if self._pidfile is not None and self._pidfile.remove():
            self._log.write(Level.NOTICE, "Removing the pid file.")
        if status == 0:
            self._log.write(Level.WARNING, "Sentinel is now ready to exit, bye bye...")
        self._history.close(LAST_WORDS)
        self._log.close(LAST_WORDS)
        os._exit(status)

    def crash(self, status: int) -> NoReturn:
        """Leave as if killed: a simulated crash cleans nothing up."""
        self._log.close(LAST_WORDS)
        os._exit(status)

    # --- start ------------------------------------------------------------------------------------------------------

    def _settle(self, *, background: bool) -> "_Parts":
        """Everything before there is a loop: nothing is written yet but the log and the pid file."""
        config, log = self._prepared.config, self._log
        options, settings = config.process, config.saved.settings
        mode = settings.mode.value
        log.write(Level.NOTICE, f"Quorate {__version__} is starting, pid {os.getpid()}, compatible with {mode}")
        log.write(Level.NOTICE, "Configuration loaded")
        for remark in (*config.warnings, *tls.remarks(options.tls)):
            log.write(Level.WARNING, remark)
        limit = process.raise_file_limit(options.clients.maxclients)
        if not limit.maxclients:
            raise Refused(limit.remark)
        if limit.remark:
            log.write(Level.WARNING, limit.remark)
        if background or options.pidfile:
            self._pidfile = PidFile(options.pidfile or options.default_pidfile)
            failure = self._pidfile.write()
            if failure is not None:
                log.write(Level.WARNING, failure)
        if options.set_proc_title:
            process.set_title(process.title(options, self._prepared.path))
        acl = startup.users(options.acl, settings.mode)
        secure = startup.certificates(options.tls, log)
        self._doors = open_doors(options, settings.mode, log.write)
        port = options.port or options.tls.port
        log.write(Level.NOTICE, f"Running mode=sentinel, port={port}.")
        self._history.read()
        known = resolve_all(startup.names_in(config.saved), NAMES_PATIENCE)
        return _Parts(acl, secure, self._doors, limit.maxclients, known, options.acl.file)

    async def _serve(self, loop: asyncio.AbstractEventLoop, parts: "_Parts") -> None:
        """Save once for real, let the core begin and everybody in, and stay; `end` is the only way out."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signals.came, number)
        config, log = self._prepared.config, self._log
        saver = _Recorder(Saver(self._prepared.store, self._prepared.document, loop), log)
        await self._save_first(loop, saver, parts.users)
        log.write(Level.WARNING, f"Sentinel ID is {config.saved.settings.myid}")

        world = self._world_of(loop, saver, parts)
        self._world = world
        self._signals.on_leave(self._leave)
        world.start()
        tls_door = parts.secure.server if parts.secure else None
        # Kept: uvloop closes the server of a Unix socket that nobody refers to.
        self._serving = await serve(loop, parts.doors, world.clients.protocol, tls_door)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        gc.enable()
        count = len(config.saved.masters)
        self._supervisor.ready(f"Ready to accept connections, watching {count} master{'' if count == 1 else 's'}")
        await loop.create_future()

    async def _save_first(
        self, loop: asyncio.AbstractEventLoop, saver: "_Recorder", users: Callable[[], Sequence[str] | None]
    ) -> None:
        """Prove that state can be made durable before anything depends on it."""
        saved = self._prepared.config.saved
        ended: asyncio.Future[str | None] = loop.create_future()
        delta = SaveDelta(0, saved.settings, saved.current_epoch)
        saver.start(delta, users(), lambda _, reason: ended.set_result(reason))
        reason = await ended
        if reason is not None:
            raise Refused(f"The configuration cannot be saved, so nothing could be promised to anybody. {reason}")

    def _world_of(self, loop: asyncio.AbstractEventLoop, saver: "_Recorder", parts: "_Parts") -> World:
        """Connect all parts. The world and its parts need each other, so some of them find it later."""
        config = self._prepared.config
        options, saved = config.process, config.saved
        names = Names(loop, lambda resolved: world.feed(resolved))  # noqa: PLW0108 - there is no world yet
        names.know(parts.known.items())
        scripts = Scripts(
            loop,
            clock.now,
            lambda notice: world.tell(notice),  # noqa: PLW0108
            lambda: _limits(world),
        )
        secure, links_use_tls = parts.secure, options.tls.replication
        world = World(
            loop=loop,
            ports=Ports(
                driver=Driver(Sentinel(saved, clock.now(), secrets.randbits(64), parts.known)),
                saver=saver,
                names=names,
                scripts=scripts,
                history=self._history,
                log=self._log,
                users=parts.users,
                terminate=self.crash,
                shutdown=self._shut_down,
            ),
            acl=parts.acl,
            identity=Identity(
                run_id=secrets.token_hex(20),
                myid=saved.settings.myid,
                config_file=self._prepared.path,
                executable=str(Path(sys.argv[0]).absolute()),
                supervised=self._supervisor.kind.value,
                maxclients=parts.maxclients,
                listeners=parts.doors.texts,
                process=options,
            ),
            outward=Outward(
                tls=lambda: secure.client if secure is not None and links_use_tls else None,
                bind_source=options.bind_source,
            ),
        )
        if os.getpid() == 1:
            # Everybody else's orphans are init's business, and taking them could steal a status somebody waits for.
            # Not by the loop's own means: uvloop keeps this signal for itself.
            def reap(*_: object) -> None:
                loop.call_soon_threadsafe(process.reap_orphans, scripts.owns, scripts.collect)

            signal.signal(signal.SIGCHLD, reap)
            reap()
        return world

    # --- end --------------------------------------------------------------------------------------------------------

    def _leave_early(self, number: signal.Signals) -> None:
        self._log.signal(f"Received {number.name} scheduling shutdown...")
        self.end(0)

    def _leave(self, number: signal.Signals) -> None:
        self._log.signal(f"Received {number.name} scheduling shutdown...")
        self._shut_down()

    def _shut_down(self) -> None:
        """Leave, after a promotion that is on its way was told to all; at once when asked again."""
        assert self._world is not None
        if self._leaving:
            # Asked a second time, we wait for nobody.
            self.end(0)
        self._leaving = True
        self._log.write(Level.WARNING, "User requested shutdown...")
        self._world.feed(Stopping())
        asyncio.get_running_loop().call_soon(self._leave_when_free, clock.now() + int(LEADING_PATIENCE * 1000))

    def _leave_when_free(self, deadline: int) -> None:
        assert self._world is not None
        loop = asyncio.get_running_loop()
        if clock.now() < deadline and _leads(self._world):
            loop.call_later(0.01, self._leave_when_free, deadline)
            return
        self._world.stop()
        loop.call_later(LAST_BYTES, self.end, 0)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a start has gathered before there is a loop."""

    acl: Book
    secure: tls.Tls | None
    doors: Doors
    maxclients: int
    known: dict[str, str]
    """Host names and their numbers."""
    acl_file: str = ""

    def users(self) -> Sequence[str] | None:
        """The `user` lines of the configuration file; None while an ACL file holds the users."""
        return None if self.acl_file else self.acl.config_lines()


class _Recorder:
    """A saver that tells the log how each save ended; of the same failure again and again, once a minute."""

    def __init__(self, saver: Saver, log: Log) -> None:
        self._saver = saver
        self._log = log
        self._failed: tuple[str, int] | None = None

    def start(self, delta: SaveDelta, users: Sequence[str] | None, done: Callable[[int, str | None], None]) -> None:
        """As `Saver.start`."""

        def ended(revision: int, reason: str | None) -> None:
            if reason is None:
                self._failed = None
                self._log.write(Level.NOTICE, "Sentinel new configuration saved on disk")
            elif self._failed is None or self._failed[0] != reason or clock.now() - self._failed[1] > REPEAT_AFTER:
                self._failed = (reason, clock.now())
                text = f"WARNING: Sentinel was not able to save the new configuration on disk!!!: {reason}"
                self._log.write(Level.WARNING, text)
            done(revision, reason)

        self._saver.start(delta, users, ended)


def _limits(world: World) -> Limits:
    tuning = world.view().tuning
    return Limits(tuning.script_max_runtime, tuning.script_retry_delay)


def _leads(world: World) -> bool:
    """True while one of our failovers has been won and its replica is not promoted yet."""
    view = world.view()
    masters = (view.master(name) for name in view.names())
    return any(master is not None and master.failover_state in _LEADING for master in masters)


def _new_loop() -> asyncio.AbstractEventLoop:
    """A uvloop where it exists (not on every platform), else what Python has."""
    try:
        import uvloop  # noqa: PLC0415 - not everywhere
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
