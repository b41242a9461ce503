"""What the core wants done, done: one action per effect, none of which waits."""

import asyncio
from collections.abc import Callable, Sequence
from typing import assert_never

from quorate.core.inputs import Saved, SaveFailed
from quorate.core.outcome import (
    Connect,
    Disconnect,
    Effect,
    Exit,
    Keep,
    LinkKind,
    ReconfigScript,
    Reply,
    Resolve,
    Save,
    Send,
    Tell,
    UseRenames,
)
from quorate.core.requests import ConnId
from quorate.model.identity import RunId, bytes_of, text_of
from quorate.model.notice import Level, Notice, Remark
from quorate.runtime.doze import Doze
from quorate.runtime.line import Line
from quorate.runtime.links import CommandLink
from quorate.runtime.ports import Outward, Ports, Station
from quorate.runtime.subscriber import Subscriber

MAX_TEXT = 1023
"""Bytes of an event's text that are published and given to scripts (sentinel.c formats into 1024 bytes)."""


class Effects:
    """Carries effects out in order. `publish` delivers to subscribed clients, `resolve` answers a caller."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        ports: Ports,
        outward: Outward,
        station: Station,
        myid: RunId,
        publish: Callable[[bytes, bytes], None],
        resolve: Callable[[Reply], None],
    ) -> None:
        self.lines: dict[ConnId, Line] = {}
        self.doze = Doze(loop)
        self._loop = loop
        self._ports = ports
        self._outward = outward
        self._station = station
        self._myid = myid
        self._publish = publish
        self._resolve = resolve

    def perform(self, effects: Sequence[Effect]) -> None:
        """Act. No input reaches the core from within: what fails at once is reported in the next turn of the loop."""
        lines = self.lines
        for effect in effects:
            # Most effects by far are pings, hellos and INFO for links that exist.
            if type(effect) is Send:
                line = lines.get(effect.conn)
                if line is not None:
                    line.send(effect.request)
            else:
                self._act(effect)

    def tell(self, what: Notice | Remark) -> None:
        """Log; and publish an event that is more than debugging, and run the notification script if it has one."""
        log = self._ports.log
        if isinstance(what, Remark):
            log.write(what.level, what.text)
            return
        self.doze.stir()
        event = what.event
        level, channel = event.level, event.channel
        if level >= log.level:
            log.write(level, f"{channel} {what.text}")
        if level is Level.DEBUG:
            return
        payload = bytes_of(what.text)[:MAX_TEXT]
        self._publish(bytes_of(channel), payload)
        if level is Level.WARNING and what.script:
            self._ports.scripts.add((what.script, channel, text_of(payload)))

    def close(self) -> None:
        """Hang up on everybody."""
        self.doze.close()
        for line in list(self.lines.values()):
            line.hang_up()

    def _act(self, effect: Effect) -> None:
        match effect:
            case Send():
                raise AssertionError("sent by perform")
            case Tell(what):
                self.tell(what)
            case Reply():
                self._resolve(effect)
            case Connect():
                self._connect(effect)
            case Disconnect(conn):
                line = self.lines.get(conn)
                if line is not None:
                    line.hang_up()
            case UseRenames(conn, renames):
                line = self.lines.get(conn)
                if line is not None:
                    line.use(renames)
            case Save(delta):
                self._ports.saver.start(delta, self._ports.users(), self._saved)
            case Resolve(host):
                self._ports.names.resolve(host)
            case ReconfigScript(_, argv):
                self._ports.scripts.add(argv)
            case Keep(record):
                self._ports.history.add(record)
            case Exit(status):
                self._ports.terminate(status)
            case _:
                assert_never(effect)

    def _connect(self, order: Connect) -> None:
        line: CommandLink | Subscriber
        if order.kind is LinkKind.COMMAND:
            line = CommandLink(self._station, order)
        else:
            line = Subscriber(self._station, order, self._myid)
        self.lines[order.conn] = line
        self.doze.add(line)
        line.dial(self._loop, self._outward)

    def _saved(self, revision: int, reason: str | None) -> None:
        self._station.feed(Saved(revision) if reason is None else SaveFailed(revision, reason))
