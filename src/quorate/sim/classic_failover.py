"""The failover of C Sentinel: one step per tick, fixed waits, one switched master per tick (spec 6.6, 6.8, 6.10)."""

from quorate.core.requests import Reconfigure
from quorate.model.address import Address
from quorate.model.identity import Epoch
from quorate.model.info import Role
from quorate.model.notice import Event
from quorate.sim import classic_rules
from quorate.sim.classic_state import ELECTION_TIMEOUT, RECONF_TIMEOUT, Books, Instance, Step


def start_if_needed(books: Books, master: Instance) -> bool:
    """An automatic failover, unless one was tried lately."""
    if "o_down" not in master.flags or "failover_in_progress" in master.flags:
        return False
    if books.now - master.failover_start < 2 * master.settings.failover_timeout:
        return False
    start(books, master)
    return True


def start(books: Books, master: Instance) -> None:
    """Stand for election, in a new epoch."""
    master.step, master.step_time = Step.WAIT_START, books.now
    master.flags.add("failover_in_progress")
    books.new_epoch(Epoch(books.current_epoch + 1), master)
    master.failover_epoch = books.current_epoch
    books.about(Event.TRY_FAILOVER, master, master)
    master.failover_start = books.now + books.desync()


def step(books: Books, master: Instance) -> None:
    """One step of the state machine."""
    if "failover_in_progress" not in master.flags:
        return
    match master.step:
        case Step.WAIT_START:
            _wait_start(books, master)
        case Step.SELECT_SLAVE:
            _select_slave(books, master)
        case Step.SEND_SLAVEOF_NOONE:
            _send_slaveof_noone(books, master)
        case Step.WAIT_PROMOTION:
            if books.now - master.step_time > master.settings.failover_timeout:
                _abort(books, master, Event.ABORT_SLAVE_TIMEOUT)
        case Step.RECONF_SLAVES:
            _reconf_slaves(books, master)
        case _:
            pass


def _enter(books: Books, master: Instance, state: Step) -> None:
    master.step, master.step_time = state, books.now


def _abort(books: Books, master: Instance, event: Event) -> None:
    books.about(event, master, master)
    master.flags -= {"failover_in_progress", "force_failover"}
    _enter(books, master, Step.NONE)
    if master.promoted is not None:
        master.promoted.flags.discard("promoted")
        master.promoted = None


def _wait_start(books: Books, master: Instance) -> None:
    leader = classic_rules.leader_of(books, master, master.failover_epoch)
    if leader != books.settings.myid and "force_failover" not in master.flags:
        timeout = min(ELECTION_TIMEOUT, master.settings.failover_timeout)
        if books.now - master.failover_start > timeout:
            _abort(books, master, Event.ABORT_NOT_ELECTED)
        return
    books.about(Event.ELECTED_LEADER, master, master)
    if books.crash_after_election:
        books.crashed = True
        return
    _enter(books, master, Step.SELECT_SLAVE)
    books.about(Event.STATE_SELECT_SLAVE, master, master)


def _select_slave(books: Books, master: Instance) -> None:
    chosen = classic_rules.select(books, master)
    if chosen is None:
        _abort(books, master, Event.ABORT_NO_GOOD_SLAVE)
        return
    books.about(Event.SELECTED_SLAVE, master, chosen)
    chosen.flags.add("promoted")
    master.promoted = chosen
    _enter(books, master, Step.SEND_SLAVEOF_NOONE)
    books.about(Event.STATE_SEND_SLAVEOF_NOONE, master, chosen)


def _send_slaveof_noone(books: Books, master: Instance) -> None:
    chosen = master.promoted
    assert chosen is not None
    if chosen.link.disconnected:
        if books.now - master.step_time > master.settings.failover_timeout:
            _abort(books, master, Event.ABORT_SLAVE_TIMEOUT)
        return
    books.send(chosen, Reconfigure(chosen.id, None))
    _enter(books, master, Step.WAIT_PROMOTION)
    books.about(Event.STATE_WAIT_PROMOTION, master, chosen)


def _reconf_slaves(books: Books, master: Instance) -> None:
    promoted = master.promoted
    assert promoted is not None
    under_way = sum(1 for s in master.slaves.values() if s.flags & {"reconf_sent", "reconf_inprog"})
    for slave in master.slaves.values():
        if under_way >= master.settings.parallel_syncs:
            break
        if slave.flags & {"promoted", "reconf_done"}:
            continue
        if "reconf_sent" in slave.flags and books.now - slave.reconf_sent > RECONF_TIMEOUT:
            books.about(Event.SLAVE_RECONF_SENT_TIMEOUT, master, slave)
            slave.flags.discard("reconf_sent")
            slave.flags.add("reconf_done")
        if slave.flags & {"reconf_sent", "reconf_inprog"} or slave.link.disconnected:
            continue
        _repoint(books, slave, promoted.address)
        slave.flags.add("reconf_sent")
        slave.reconf_sent = books.now
        books.about(Event.SLAVE_RECONF_SENT, master, slave)
        under_way += 1
    _detect_end(books, master, promoted)


def _repoint(books: Books, slave: Instance, leader: Address) -> None:
    books.send(slave, Reconfigure(slave.id, (books.shown(leader), leader.port)))


def _detect_end(books: Books, master: Instance, promoted: Instance) -> None:
    if "s_down" in promoted.flags:
        return
    unfinished = [slave for slave in master.slaves.values() if not slave.flags & {"promoted", "reconf_done", "s_down"}]
    timed_out = books.now - master.step_time > master.settings.failover_timeout
    if unfinished and not timed_out:
        return
    if unfinished:
        books.about(Event.FAILOVER_END_FOR_TIMEOUT, master, master)
    books.about(Event.FAILOVER_END, master, master)
    _enter(books, master, Step.UPDATE_CONFIG)
    if not unfinished:
        return
    for slave in master.slaves.values():
        if not slave.flags & {"promoted", "reconf_done", "reconf_sent"} and not slave.link.disconnected:
            _repoint(books, slave, promoted.address)
            slave.flags.add("reconf_sent")
            books.about(Event.SLAVE_RECONF_SENT_BE, master, slave)


# --- new addresses --------------------------------------------------------------------------------------------------


def finish(books: Books, master: Instance) -> None:
    """The failover is over: its promoted replica is the master."""
    where = master.promoted.address if master.promoted is not None else master.address
    switch(books, master, where, books.shown(where))


def switch(books: Books, master: Instance, where: Address, shown: str) -> None:
    """Announce another address and move to it."""
    old = f"{books.shown(master.address)} {master.address.port}"
    books.tell(Event.SWITCH_MASTER, f"{master.name} {old} {shown} {where.port}", master)
    if not where.ip:
        return
    places = [slave.address for slave in master.slaves.values() if not slave.address.same_as(where)]
    if not master.address.same_as(where):
        places.append(master.address)
    reset(books, master, keep_sentinels=True)
    master.address = where
    master.s_down_since = master.o_down_since = 0
    for place in places:
        slave = books.add_slave(master, place)
        if slave is not None:
            books.about(Event.SLAVE, master, slave)
    books.flush()


def reset(books: Books, master: Instance, *, keep_sentinels: bool) -> None:
    """Start over with a master; nothing of this reaches the disk by itself."""
    for slave in master.slaves.values():
        books.forget(slave)
    master.slaves = {}
    if not keep_sentinels:
        for peer in master.sentinels.values():
            books.forget(peer)
        master.sentinels = {}
    books.close_cc(master.link)
    books.close_pc(master.link)
    master.flags.clear()
    master.leader, master.promoted, master.run_id, master.master_host = None, None, "", ""
    master.step, master.step_time, master.failover_start = Step.NONE, 0, 0
    master.link.begin(books.now)
    master.role, master.role_time = Role.MASTER, books.now
    if not keep_sentinels:
        books.about(Event.RESET_MASTER, master, master)
