"""Who is down, who leads, who is promoted: as C Sentinel decides it (spec 6.2 to 6.7)."""

from quorate.core.requests import AskDown
from quorate.model.identity import Epoch, RunId
from quorate.model.info import Role
from quorate.model.notice import Event
from quorate.sim import classic_links
from quorate.sim.classic_state import (
    ASK_PERIOD,
    INFO_PERIOD,
    PING_PERIOD,
    Books,
    Instance,
    Kind,
    Step,
)


def check_sdown(books: Books, master: Instance, instance: Instance) -> None:
    """SDOWN of anybody."""
    classic_links.tear_down(books, instance)
    link, now = instance.link, books.now
    down_after = master.settings.down_after
    elapsed = 0
    if link.act_ping:
        elapsed = now - link.act_ping
    elif link.disconnected:
        elapsed = now - link.last_avail
    wrong_role = (
        instance.kind is Kind.MASTER
        and instance.role is Role.SLAVE
        and now - instance.role_time > down_after + 2 * INFO_PERIOD
    )
    rebooted = "master_reboot" in instance.flags and now - instance.reboot_since > instance.settings.reboot_down_after
    if elapsed > down_after or wrong_role or rebooted:
        if "s_down" not in instance.flags:
            books.about(Event.SDOWN, master, instance)
            instance.s_down_since = now
            instance.flags.add("s_down")
    elif "s_down" in instance.flags:
        books.about(Event.SDOWN_OVER, master, instance)
        instance.flags -= {"s_down", "script_kill_sent"}


def check_odown(books: Books, master: Instance) -> None:
    """ODOWN of a master."""
    votes = 0
    if "s_down" in master.flags:
        votes = 1 + sum(1 for peer in master.sentinels.values() if "master_down" in peer.flags)
    if votes and votes >= master.settings.quorum:
        if "o_down" not in master.flags:
            books.about(Event.ODOWN, master, master, f" #quorum {votes}/{master.settings.quorum}")
            master.flags.add("o_down")
            master.o_down_since = books.now
    elif "o_down" in master.flags:
        books.about(Event.ODOWN_OVER, master, master)
        master.flags.discard("o_down")


def ask_others(books: Books, master: Instance, *, forced: bool) -> None:
    """Ask the other sentinels, and let go of what they said too long ago."""
    for peer in master.sentinels.values():
        elapsed = books.now - peer.last_down_reply
        if elapsed > 5 * ASK_PERIOD:
            peer.flags.discard("master_down")
            peer.leader = None
        if "s_down" not in master.flags or peer.link.disconnected or (not forced and elapsed < ASK_PERIOD):
            continue
        candidate = books.settings.myid if master.step > Step.NONE else None
        where = master.address
        books.send(peer, AskDown(peer.id, books.shown(where), where.port, books.current_epoch, candidate))


# --- votes ----------------------------------------------------------------------------------------------------------


def vote(books: Books, master: Instance, epoch: Epoch, candidate: RunId) -> tuple[RunId | None, Epoch]:
    """Give a vote, or name the one given already."""
    if epoch > books.current_epoch:
        books.new_epoch(epoch, master)
        books.flush()
    if master.leader_epoch < epoch and books.current_epoch <= epoch:
        master.leader, master.leader_epoch = candidate, books.current_epoch
        books.flush()
        books.tell(Event.VOTE_FOR_LEADER, f"{candidate} {master.leader_epoch}", master)
        if candidate != books.settings.myid:
            master.failover_start = books.now + books.desync()
    return master.leader, master.leader_epoch


def leader_of(books: Books, master: Instance, epoch: Epoch) -> RunId | None:
    """Who has won: votes of peers count if they are of the *current* epoch, our own if it is of the failover's."""
    counts: dict[RunId, int] = {}
    for peer in master.sentinels.values():
        if peer.leader is not None and peer.leader_epoch == books.current_epoch:
            counts[peer.leader] = counts.get(peer.leader, 0) + 1
    winner, most = None, 0
    for candidate, count in counts.items():
        if count > most:
            winner, most = candidate, count
    mine, mine_epoch = vote(books, master, epoch, winner or books.settings.myid)
    if mine is not None and mine_epoch == epoch:
        counts[mine] = counts.get(mine, 0) + 1
        if counts[mine] > most:
            winner, most = mine, counts[mine]
    majority = (len(master.sentinels) + 1) // 2 + 1
    return winner if most >= majority and most >= master.settings.quorum else None


# --- whom to promote ------------------------------------------------------------------------------------------------


def select(books: Books, master: Instance) -> Instance | None:
    """The best replica that is good enough."""
    now = books.now
    cut_off = 10 * master.settings.down_after
    if "s_down" in master.flags:
        cut_off += now - master.s_down_since
    freshness = 5 * PING_PERIOD if "s_down" in master.flags else 3 * INFO_PERIOD
    good = [
        slave
        for slave in master.slaves.values()
        if not slave.is_down()
        and not slave.link.disconnected
        and now - slave.link.last_avail <= 5 * PING_PERIOD
        and slave.priority
        and now - slave.info_refresh <= freshness
        and slave.link_down_time <= cut_off
    ]
    return min(good, key=lambda s: (s.priority, -s.offset, not s.run_id, s.run_id.lower()), default=None)


def looks_sane(books: Books, master: Instance) -> bool:
    """Whether the configured master may be followed."""
    return master.role is Role.MASTER and not master.is_down() and books.now - master.info_refresh < 2 * INFO_PERIOD
