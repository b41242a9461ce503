"""Would a failover succeed now, and to whom? Asked of our own sentinels, computed for C ones from what they show."""

import asyncio
from dataclasses import replace

from quorate.client import aio
from quorate.client.aio import Access
from quorate.client.picture import Contender, Master, Outlook, Place, Replica, Survey, Verdict
from quorate.core import selection
from quorate.core.selection import Candidate, Selection
from quorate.model.settings import Tuning


async def with_outlooks(seen: Survey, access: Access) -> Survey:
    """The survey with the outlook of every sentinel that was read, for each of its masters."""
    pictures = [seen.asked, *seen.others] if seen.asked is not None else []
    told = await asyncio.gather(*(aio.outlooks(picture, access) for picture in pictures))
    found: dict[Place, dict[str, Outlook]] = {}
    for picture, own in zip(pictures, told, strict=True):
        found[picture.place] = {m.name: own.get(m.name) or computed(m) for m in picture.masters}
    return replace(seen, outlooks=found)


def computed(master: Master) -> Outlook:
    """What a C sentinel would do, by its rules and by what SENTINEL REPLICAS shows of each replica.

    Its periods (SENTINEL DEBUG) are taken to be the usual ones; it looks at no replication ids.
    """
    choice = _choice(master)
    usable = master.check.usable if master.check is not None else None
    replicas = {str(replica.seen.place): replica for replica in master.replicas}
    order = [*(candidate.name for candidate in choice.suitable), *(name for name, _ in choice.refused)]
    return Outlook(
        usable=usable,
        voters=len(master.peers) + 1,
        quorum=master.quorum,
        contenders=tuple(_contender(choice, name, replicas[name]) for name in order),
        running="failover_in_progress" in master.seen.flags,
        guessed=True,
    )


def _choice(master: Master) -> Selection:
    tuning = Tuning()
    down_for = master.seen.down_for if master.seen.down else None
    limits = selection.limits(down_for, master.seen.down_after or 0, tuning.ping_period, tuning.info_period)
    return selection.select([_candidate(replica) for replica in master.replicas], limits)


def _candidate(replica: Replica) -> Candidate:
    seen = replica.seen
    return Candidate(
        name=str(seen.place),
        run_id=seen.run_id,
        priority=100 if replica.priority is None else replica.priority,
        offset=replica.offset or 0,
        is_down=seen.down,
        is_disconnected=seen.cut_off,
        ping_age=seen.last_ok_ping or 0,
        # Who has never told its run id has never answered INFO.
        info_age=replica.info_age if seen.run_id else None,
        link_down_for=replica.link_down_for or 0,
    )


def _contender(choice: Selection, name: str, replica: Replica) -> Contender:
    verdict, reason = Verdict.CHOSEN, ""
    refused = dict(choice.refused)
    if name in refused:
        verdict, reason = Verdict.REFUSED, refused[name].value
    elif name != choice.chosen:
        verdict, reason = Verdict.FIT, choice.edge(next(c for c in choice.suitable if c.name == name)).value
    behind = None if replica.offset is None else max(0, choice.highest - replica.offset)
    return Contender(replica.seen.place, verdict, reason, replica.offset, behind, replica.priority)
