"""What a C sentinel learns from INFO, hellos and the answers of others (spec 4, 6.1)."""

from quorate.core.inputs import PeerAnswered
from quorate.core.requests import Reconfigure
from quorate.model.address import Address
from quorate.model.hello import Hello
from quorate.model.identity import RunId
from quorate.model.info import InfoReport, Role
from quorate.model.notice import Event
from quorate.sim import classic_failover, classic_links, classic_rules
from quorate.sim.classic_state import PUBLISH_PERIOD, Books, Instance, Kind, Step


def on_info(books: Books, master: Instance, server: Instance, report: InfoReport) -> None:
    """An INFO reply."""
    if report.run_id is not None and report.run_id != server.run_id:
        if server.run_id:
            books.about(Event.REBOOT, master, server)
            if server is master and master.settings.reboot_down_after:
                master.flags.add("master_reboot")
                master.reboot_since = books.now
        server.run_id = report.run_id
    if server is master:
        _note_slaves(books, master, report)
    server.link_down_time = report.link_down_for
    if report.role is Role.SLAVE:
        _note_master(books, server, report)
    server.info_refresh = books.now
    role = report.role
    if role is None:
        return
    if role is not server.role:
        server.role, server.role_time = role, books.now
        if role is Role.SLAVE:
            server.conf_change = books.now
        as_configured = (role is Role.MASTER) == (server.kind is Kind.MASTER)
        event = Event.ROLE_CHANGE if as_configured else Event.ROLE_CHANGE_AWAY
        books.about(event, master, server, f" new reported role is {role.value}")
    if not books.tilt_since and server.kind is Kind.SLAVE:
        _act(books, master, server, role)


def _note_slaves(books: Books, master: Instance, report: InfoReport) -> None:
    for host, port in report.replicas:
        address = books.address(host, port)
        slave = books.add_slave(master, address) if address is not None else None
        if slave is not None:
            books.about(Event.SLAVE, master, slave)
            books.flush()


def _note_master(books: Books, server: Instance, report: InfoReport) -> None:
    said = report.slave
    if said.master_host is not None and said.master_host != server.master_host:
        server.master_host, server.conf_change = said.master_host, books.now
    if said.master_port is not None and said.master_port != server.master_port:
        server.master_port, server.conf_change = said.master_port, books.now
    if said.link_up is not None:
        server.master_link_up = said.link_up
    if said.priority is not None:
        server.priority = said.priority
    if said.offset is not None:
        server.offset = said.offset
    if said.announced is not None:
        server.announced = said.announced


def _act(books: Books, master: Instance, slave: Instance, role: Role) -> None:
    if role is Role.MASTER:
        if slave is master.promoted and master.step is Step.WAIT_PROMOTION:
            _promoted(books, master, slave)
        elif "promoted" not in slave.flags and _may_correct(books, master, slave, slave.role_time, 4 * PUBLISH_PERIOD):
            _repoint(books, master, slave, Event.CONVERT_TO_SLAVE)
        return
    elsewhere = slave.master_port != master.address.port or not books.denotes(master.address, slave.master_host)
    if elsewhere and _may_correct(books, master, slave, slave.conf_change, master.settings.failover_timeout):
        _repoint(books, master, slave, Event.FIX_SLAVE_CONFIG)
    promoted = master.promoted
    if "reconf_sent" in slave.flags and promoted is not None and _follows(books, slave, promoted.address):
        slave.flags.discard("reconf_sent")
        slave.flags.add("reconf_inprog")
        books.about(Event.SLAVE_RECONF_INPROG, master, slave)
    if "reconf_inprog" in slave.flags and slave.master_link_up:
        slave.flags.discard("reconf_inprog")
        slave.flags.add("reconf_done")
        books.about(Event.SLAVE_RECONF_DONE, master, slave)


def _may_correct(books: Books, master: Instance, slave: Instance, since: int, wait: int) -> bool:
    return classic_rules.looks_sane(books, master) and slave.quiet_for(books.now, wait) and books.now - since > wait


def _repoint(books: Books, master: Instance, slave: Instance, event: Event) -> None:
    if slave.link.cc is not None:
        books.send(slave, Reconfigure(slave.id, (books.shown(master.address), master.address.port)))
        books.about(event, master, slave)


def _follows(books: Books, slave: Instance, leader: Address) -> bool:
    return slave.master_port == leader.port and books.denotes(leader, slave.master_host)


def _promoted(books: Books, master: Instance, slave: Instance) -> None:
    master.config_epoch = master.failover_epoch
    master.step, master.step_time = Step.RECONF_SLAVES, books.now
    books.flush()
    books.about(Event.PROMOTED_SLAVE, master, slave)
    if books.crash_after_promotion:
        books.crashed = True
        return
    books.about(Event.STATE_RECONF_SLAVES, master, master)
    classic_links.greet_soon(master)


# --- other sentinels ------------------------------------------------------------------------------------------------


def on_answer(books: Books, peer: Instance, answer: PeerAnswered) -> None:
    """Another sentinel's opinion and vote."""
    peer.last_down_reply = books.now
    if answer.down:
        peer.flags.add("master_down")
    else:
        peer.flags.discard("master_down")
    if answer.leader is not None:
        peer.leader, peer.leader_epoch = answer.leader, answer.leader_epoch


def on_hello(books: Books, hello: Hello) -> None:
    """A hello, from whichever side it came."""
    master = books.masters.get(hello.master)
    if master is None:
        return
    where = books.address(hello.sender_host, hello.sender_port)
    peer = master.sentinels.get(hello.sender_id)
    if peer is None or where is None or not peer.address.same_as(where):
        peer = _sender(books, master, hello.sender_id, where, peer)
    if hello.current_epoch > books.current_epoch:
        books.new_epoch(hello.current_epoch, master)
        books.flush()
    if peer is None:
        return
    if master.config_epoch < hello.config_epoch:
        master.config_epoch = hello.config_epoch
        if hello.master_port != master.address.port or not books.denotes(master.address, hello.master_host):
            books.about(Event.CONFIG_UPDATE_FROM, master, peer)
            told = books.address(hello.master_host, hello.master_port)
            unknown = Address(hello.master_host, "", hello.master_port)
            classic_failover.switch(books, master, told or unknown, hello.master_host)
    peer.last_hello = books.now


def _sender(
    books: Books, master: Instance, run_id: RunId, where: Address | None, known: Instance | None
) -> Instance | None:
    """Whoever says hello from an address under which it is not known."""
    if known is not None:
        del master.sentinels[run_id]
        books.forget(known)
        if where is not None:
            more = f" ip {books.shown(where)} port {where.port} for {run_id}"
            books.about(Event.SENTINEL_ADDRESS_SWITCH, master, master, more)
    elif where is not None:
        _evict(books, master, where)
    if where is None:
        return None
    entry = books.add_sentinel(master, run_id, where)
    if known is None:
        books.about(Event.SENTINEL, master, entry)
    else:
        _move_others(books, master, entry)
    books.flush()
    return entry


def _evict(books: Books, master: Instance, where: Address) -> None:
    """Somebody new at a known sentinel's address: forget the known one everywhere."""
    other = next((peer for peer in master.sentinels.values() if peer.address.same_as(where)), None)
    if other is None:
        return
    books.about(Event.SENTINEL_INVALID_ADDR, master, other)
    for each in books.masters.values():
        entry = each.sentinels.pop(other.name, None)
        if entry is not None:
            books.forget(entry)


def _move_others(books: Books, master: Instance, entry: Instance) -> None:
    """The same sentinel under other masters moves too; a shared link is closed and opened at the new address."""
    moved = 0
    for other in books.masters.values():
        twin = other.sentinels.get(entry.name)
        if other is not master and twin is not None:
            twin.address = entry.address
            books.close_cc(twin.link)
            moved += 1
    if moved:
        books.about(Event.SENTINEL_ADDRESS_UPDATE, master, entry, f" {moved} additional matching instances")
