"""What operators type at a C sentinel: SET, MONITOR, REMOVE, RESET, FAILOVER (spec 3)."""

from quorate.core.inputs import FailoverRequested, MonitorRequested, RemoveRequested, ResetRequested, SettingsChanged
from quorate.core.outcome import Count, Done, Refused, Reply, Result
from quorate.model.identity import MasterName
from quorate.model.notice import Event
from quorate.model.settings import MasterSettings
from quorate.sim import classic_failover, classic_rules
from quorate.sim.classic_state import Books, Instance, Kind

Order = FailoverRequested | MonitorRequested | RemoveRequested | ResetRequested | SettingsChanged

UNKNOWN = Refused("No such master with that name")


def obey(books: Books, order: Order) -> None:
    """Do what an operator asks for, and answer."""
    result: Result
    match order:
        case FailoverRequested(_, name):
            result = _failover(books, name)
        case ResetRequested(_, names):
            for name in names:
                classic_failover.reset(books, books.masters[name], keep_sentinels=False)
            result = Count(len(names))
        case MonitorRequested():
            result = _monitor(books, order)
        case RemoveRequested(_, name):
            result = _remove(books, name)
        case SettingsChanged():
            result = _set(books, order)
    books.out.append(Reply(order.caller, result))


def _failover(books: Books, name: MasterName) -> Result:
    master = books.masters.get(name)
    if master is None:
        return UNKNOWN
    if "failover_in_progress" in master.flags:
        return Refused("INPROG Failover already in progress")
    if classic_rules.select(books, master) is None:
        return Refused("NOGOODSLAVE No suitable replica to promote")
    classic_failover.start(books, master)
    master.flags.add("force_failover")
    return Done()


def _monitor(books: Books, order: MonitorRequested) -> Result:
    address = books.address(order.host, order.port)
    if address is None or not address.ip:
        return Refused("ERR Invalid IP address or hostname specified")
    if order.name in books.masters:
        return Refused("ERR Duplicate master name.")
    master = books.new_instance(Kind.MASTER, order.name, address, MasterSettings(order.quorum))
    books.masters[order.name] = master
    books.instances[master.id] = (master, master)
    books.flush()
    books.about(Event.MONITOR, master, master, f" quorum {order.quorum}")
    return Done()


def _remove(books: Books, name: MasterName) -> Result:
    master = books.masters.get(name)
    if master is None:
        return UNKNOWN
    books.about(Event.UNMONITOR, master, master)
    for instance in _all(master):
        books.forget(instance)
    del books.masters[name]
    books.removed.append(name)
    books.flush()
    return Done()


def _set(books: Books, order: SettingsChanged) -> Result:
    master = books.masters.get(order.name)
    if master is None:
        return UNKNOWN
    for instance in _all(master):
        # down-after is copied to everybody of this master, and nothing else of it is read from anybody but the master.
        instance.settings = order.settings
    if order.reconnect:
        for server in (master, *master.slaves.values()):
            books.close_cc(server.link)
            books.close_pc(server.link)
    for text in order.events:
        books.about(Event.SET, master, master, f" {text}")
    books.flush()
    return Refused(order.error) if order.error else Done()


def _all(master: Instance) -> list[Instance]:
    return [master, *master.slaves.values(), *master.sentinels.values()]
