"""Order: effects at once, one save at a time, promises when their revision is durable. No I/O of its own.

The world calls `submit` with whatever happens and does what it returns, in order; it calls again at `wake_at`.
"""

from collections.abc import Sequence

from quorate.core.inputs import Input, Saved, SaveFailed
from quorate.core.outcome import Effect, Promise, Save
from quorate.core.sentinel import Sentinel
from quorate.core.view import SentinelView
from quorate.model.millis import Millis
from quorate.model.saved import SaveDelta

RETRY_AFTER: Millis = 1_000
"""A save that failed is tried again after this, or with the next change, whichever comes later than at once."""


class Driver:
    """Holds back what waits for the disk."""

    __slots__ = ("_durable", "_in_flight", "_pending", "_promises", "_retry_at", "_sentinel")

    def __init__(self, sentinel: Sentinel) -> None:
        self._sentinel = sentinel
        self._promises: list[Promise] = []
        self._in_flight: SaveDelta | None = None
        self._pending: SaveDelta | None = None
        self._retry_at: Millis | None = None
        self._durable = 0

    def take(self, now: Millis, event: Input) -> bool:
        """Take in an input from which nothing follows, not even another `wake_at`; False if `submit` must."""
        return self._sentinel.take(now, event)

    def take_some(self, now: Millis, events: Sequence[Input]) -> int:
        """The same with inputs that came together; how many were taken before the first that `submit` must."""
        return self._sentinel.take_some(now, events)

    def submit(self, now: Millis, event: Input) -> Sequence[Effect]:
        """Handle one input; the effects are to be done now and in this order."""
        if self.take(now, event):
            return ()
        if isinstance(event, (Saved, SaveFailed)):
            return self._save_ended(now, event)
        outcome = self._sentinel.handle(now, event)
        effects: Sequence[Effect] = outcome.effects
        if outcome.save is not None:
            self._pending = self._pending.then(outcome.save) if self._pending else outcome.save
        if outcome.promises:
            self._promises += outcome.promises
        if self._promises:
            effects = [*effects, *self._release(now)]
        if self._pending is not None:
            effects = [*effects, *self._save(now)]
        return effects

    def wake_at(self) -> Millis | None:
        """When to submit `Woke` at the latest."""
        if not self._promises and self._retry_at is None:
            return self._sentinel.wake_at()
        moments = [p.expires for p in self._promises if p.expires is not None]
        if self._retry_at is not None and self._in_flight is None:
            moments.append(self._retry_at)
        core = self._sentinel.wake_at()
        if core is not None:
            moments.append(core)
        return min(moments, default=None)

    def view(self, now: Millis) -> SentinelView:
        """The sentinel as it is now."""
        return self._sentinel.view(now)

    def _save_ended(self, now: Millis, event: Saved | SaveFailed) -> list[Effect]:
        flying, self._in_flight = self._in_flight, None
        effects: list[Effect] = []
        if isinstance(event, Saved):
            self._durable = max(self._durable, event.revision)
            self._retry_at = None
        else:
            # Keep what did not reach the disk, under whatever has come since.
            if flying is not None:
                self._pending = flying.then(self._pending) if self._pending else flying
                self._retry_at = now + RETRY_AFTER
            effects += self._break(event.revision)
        # What the core decides on durable state belongs behind what was promised; but what leaves in place of a promise
        # that has expired is made when the core knows what is durable.
        effects += self._release(None)
        outcome = self._sentinel.handle(now, event)
        effects += outcome.effects
        if outcome.save is not None:
            self._pending = self._pending.then(outcome.save) if self._pending else outcome.save
        self._promises += outcome.promises
        effects += self._release(now)
        effects += self._save(now)
        return effects

    def _release(self, now: Millis | None) -> list[Effect]:
        """What need not wait any more; without a time nothing has expired."""
        released: list[Effect] = []
        kept: list[Promise] = []
        for promise in self._promises:
            if promise.revision <= self._durable:
                released.append(promise.effect)
            elif now is not None and promise.expires is not None and now >= promise.expires:
                if promise.otherwise is not None:
                    released.append(promise.otherwise())
            else:
                kept.append(promise)
        self._promises = kept
        return released

    def _break(self, revision: int) -> list[Effect]:
        """A save failed: what has an answer for that gives it, the rest waits for a later save."""
        broken = [p for p in self._promises if p.revision <= revision and p.otherwise is not None]
        self._promises = [p for p in self._promises if p.revision > revision or p.otherwise is None]
        return [p.otherwise() for p in broken if p.otherwise is not None]

    def _save(self, now: Millis) -> list[Effect]:
        if self._pending is None or self._in_flight is not None:
            return []
        if self._retry_at is not None and now < self._retry_at:
            return []
        self._in_flight, self._pending, self._retry_at = self._pending, None, None
        return [Save(self._in_flight)]
