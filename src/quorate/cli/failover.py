"""`quorate failover NAME`: promote a replica on purpose, and follow it to the end."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import click

from quorate.cli import target
from quorate.cli.complaint import complain
from quorate.client import events, parse
from quorate.client.aio import Line, UnreadableError, picture, survey
from quorate.client.events import Weight
from quorate.client.picture import Master, Place, Replica, SentinelPicture
from quorate.local.trouble import LocalError

_COLOURS = {Weight.BAD: "red", Weight.GOOD: "green", Weight.STEP: "yellow", Weight.DETAIL: "bright_black"}
_SILENCE = 10.0
"""Seconds without an event after which the sentinel is asked where the failover stands."""


class _FailedError(Exception):
    """The failover did not happen; the text and the hint are for people."""

    def __init__(self, text: str, hint: str = "", code: int = 1) -> None:
        super().__init__(text)
        self.text, self.hint, self.code = text, hint, code


@click.command("failover")
@click.argument("name")
@target.options
@click.pass_context
def command(context: click.Context, /, name: str, **given: object) -> None:
    """Make a replica of NAME the master, and wait until that is done.

    The sentinel that is asked leads the failover; the old master becomes a replica.

    Exit code: 0 done, 1 refused or given up, 2 no sentinel could be reached, 64 wrong usage or no such master.
    """
    conduct(context, given, Order(name, "failover", "to lead a failover"))


def conduct(context: click.Context, given: Mapping[str, object], order: "Order") -> None:
    """Have a sentinel lead it, print what happens, and leave with the exit code that tells how it ended."""
    try:
        whom = target.find(given)
        asyncio.run(_run(whom, order))
    except LocalError as error:
        context.exit(complain(error, 2))
    except _FailedError as error:
        context.exit(complain(LocalError(error.text, error.hint), error.code))
    except UnreadableError as error:
        text = f"The sentinel was lost: {error.what.text}."
        context.exit(complain(LocalError(text, f"The {order.what} may still go on; look with `quorate status`."), 2))
    except KeyboardInterrupt:
        click.echo(f"No longer waiting; the {order.what} goes on. Look with `quorate status`.", err=True)
        context.exit(130)


@dataclass(frozen=True, slots=True)
class Order:
    """What a sentinel is asked for. `words` follow SENTINEL FAILOVER name; `patience`: seconds until it answers."""

    name: str
    what: str
    task: str
    words: tuple[str, ...] = ()
    patience: float = 0.0


async def _run(whom: target.Target, order: Order) -> None:
    name = order.name
    sentinel, before = await _choose(whom, name)
    click.echo(f"Sentinel {sentinel.place} is {order.task} of {name}, whose master is {before.seen.place}.")
    # The subscription stands before the failover begins, so that no event is missed.
    async with await Line.open(sentinel.place, whom.access) as ears:
        await ears.subscribe()
        began = time.monotonic()
        access = replace(whom.access, timeout=max(whom.access.timeout, order.patience))
        async with await Line.open(sentinel.place, access) as mouth:
            (reply,) = await mouth.ask(("SENTINEL", "FAILOVER", name, *order.words))
        if isinstance(reply, Exception):
            raise _refusal(parse.plain(str(reply)), before)
        new = await _follow(ears, whom, before, began)
    took = time.monotonic() - began
    click.secho(f"The master of {name} is now {new} (it was {before.seen.place}). It took {took:.1f} s.", fg="green")


async def _choose(whom: target.Target, name: str) -> tuple[SentinelPicture, Master]:
    """The first sentinel that answers, and what it knows of the master."""
    seen = await survey(whom.seeds, whom.access)
    if seen.asked is None:
        hint = "\n".join(failed.text for failed in seen.failed)
        raise _FailedError("No sentinel could be reached:", hint, 2)
    master = seen.asked.master(name)
    if master is None:
        names = ", ".join(m.name for m in seen.asked.masters) or "none"
        raise _FailedError(f"{seen.asked.place} monitors no master named {name}; it monitors: {names}.", "", 64)
    return seen.asked, master


async def _follow(ears: Line, whom: target.Target, before: Master, began: float) -> Place:
    """Print the events of this master until it has moved. The new address."""
    while True:
        event = await ears.event(_SILENCE)
        if event is None:
            new = await _asked_again(ears.place, whom, before)
            if new is not None:
                return new
            continue
        channel, payload = event
        if events.master_of(channel, payload) != before.name:
            continue
        move = events.switched(payload) if channel == "+switch-master" else None
        if move is not None:
            return Place(move[3], move[4])
        _print(channel, payload, time.monotonic() - began)
        if channel in _GIVEN_UP:
            raise _FailedError(
                f"The failover was given up; {before.seen.place} is still the master.", _GIVEN_UP[channel]
            )


async def _asked_again(place: Place, whom: target.Target, before: Master) -> Place | None:
    """After a silence: the new address if the failover has ended unheard, None while it runs."""
    async with await Line.open(place, whom.access) as line:
        master = (await picture(line)).master(before.name)
    if master is None:
        raise _FailedError(f"{place} no longer monitors {before.name}.")
    if "failover_in_progress" in master.seen.flags:
        click.echo(f"  still going on: {master.failover_state or 'state unknown'}")
        return None
    if master.seen.place == before.seen.place:
        raise _FailedError(f"The failover ended without a new master; {before.seen.place} still is.")
    return master.seen.place


def _print(channel: str, payload: str, elapsed: float) -> None:
    meaning = events.explain(channel, payload)
    words = click.style(meaning.words, fg=_COLOURS[meaning.weight])
    click.echo(f"  {elapsed:6.2f} s  {words}  {click.style(channel, fg='bright_black')}")


_GIVEN_UP = {
    "-failover-abort-not-elected": "Most sentinels did not answer in time. `quorate status` names those that are down.",
    "-failover-abort-no-good-slave": "No replica was fit at that moment. `quorate status --why` says why.",
    "-failover-abort-move": "Writes go on where they were. The reason stands in the last line; nothing was lost.",
    "-failover-abort-master-alive": "The process of the master that seemed to be gone lives.",
    "-failover-abort-leaving": "The sentinel that led it was told to end. Ask again.",
    "-failover-abort-slave-timeout": "The chosen replica did not turn into a master in time. Look at its log: a wrong "
    "auth-user or a missing right to REPLICAOF, CONFIG or MULTI is the usual reason.",
}


def _refusal(reply: str, master: Master) -> _FailedError:
    """What the sentinel's error means and what helps."""
    if "wrong number of arguments" in reply:
        text = "Refused: this sentinel knows no coordinated moves."
        return _FailedError(
            text, "Ask one of Quorate with --sentinel HOST:PORT; C Sentinel has only `quorate failover`."
        )
    if reply.startswith("NOGOODSLAVE ") and "No suitable" not in reply:
        return _FailedError(f"Refused: {reply.removeprefix('NOGOODSLAVE ')}. Nothing was changed.")
    if "No suitable replica" in reply or "NOGOODSLAVE" in reply:
        # Our own sentinels say why; for a C one it is computed.
        told = reply.partition("No suitable replica to promote: ")[2]
        if told:
            reasons = [f"  {reason}" for reason in told.split("; ")]
        else:
            reasons = [f"  {replica.seen.place}: {_unfit(replica)}" for replica in master.replicas]
        hint = "\n".join(reasons) if reasons else f"  {master.name} has no replica at all."
        return _FailedError("Refused: no replica is fit to become master (NOGOODSLAVE). Nothing was changed.", hint)
    if "already in progress" in reply or "INPROG" in reply:
        text = "Refused: a failover of this master is already in progress (INPROG)."
        return _FailedError(text, "Wait until it ends: `quorate status --watch`. Then ask again if it is still needed.")
    if "NOPERM" in reply or "no permissions" in reply:
        return _FailedError(
            f"Refused: this user may not do that ({reply}).", "Give --user and --password of one who may."
        )
    return _FailedError(f"Refused: {reply}.")


def _unfit(replica: Replica) -> str:
    """Why a sentinel passes over this replica (sentinel documentation, replica selection)."""
    seen = replica.seen
    if seen.down:
        return "it is down"
    if seen.cut_off:
        return "the sentinel has no connection to it"
    if replica.priority == 0:
        return "its priority is 0, which means never"
    if seen.last_ok_ping is not None and seen.last_ok_ping > 5000:
        return f"it has not answered for {seen.last_ok_ping / 1000:.0f} s"
    if replica.link_down_for is not None and replica.link_down_for > 0:
        return f"it has had no link to the master for {replica.link_down_for / 1000:.0f} s, so its data is old"
    return "its last INFO is too old"
