"""What a C sentinel sends again and again: connections, PING, INFO, hello (spec 5)."""

from quorate.core.inputs import Pinged, Pong
from quorate.core.outcome import Connect, LinkKind, Send
from quorate.core.requests import (
    AskInfo,
    Authenticate,
    ConnId,
    KillScript,
    NameClient,
    Ping,
    PublishHello,
    Request,
    SubscribeHello,
)
from quorate.model.address import Address
from quorate.model.hello import Hello
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.sim.classic_state import (
    FAST_INFO_PERIOD,
    INFO_PERIOD,
    MIN_LINK_AGE,
    PING_PERIOD,
    PUBLISH_PERIOD,
    Books,
    Instance,
    Kind,
    Link,
)

MOST_PENDING = 100


def reconnect(books: Books, instance: Instance) -> None:
    """Open what is missing, at most once per ping-period."""
    link = instance.link
    if not link.disconnected or instance.address.port == 0 or books.now - link.last_reconnect < PING_PERIOD:
        return
    link.last_reconnect = books.now
    if link.cc is None and books.settings.resolve_hostnames:
        found = books.lookup(instance.address.host)
        if found:
            instance.address = Address(instance.address.host, found, instance.address.port)
    if not instance.address.ip:
        return
    if link.cc is None:
        link.cc = _connect(books, instance, LinkKind.COMMAND)
        link.cc_time, link.pending = books.now, 0
        _ping(books, instance)
    if link.pc is None and instance.kind is not Kind.SENTINEL:
        link.pc = _connect(books, instance, LinkKind.PUBSUB)
        link.pc_time = link.pc_activity = books.now
        books.out.append(Send(link.pc, SubscribeHello()))
    link.disconnected = False


def _connect(books: Books, instance: Instance, kind: LinkKind) -> ConnId:
    conn = ConnId(books.next_id())
    books.links[conn] = instance.link
    books.out.append(Connect(conn, kind, instance.address.ip, instance.address.port, (), instance.name))
    hello: list[Request] = [NameClient(f"sentinel-{books.settings.myid[:8]}-{kind.value}")]
    if instance.kind is not Kind.SENTINEL and instance.settings.auth_pass:
        hello.insert(0, Authenticate(instance.settings.auth_user, instance.settings.auth_pass))
    books.out += [Send(conn, request) for request in hello]
    return conn


def _ping(books: Books, instance: Instance) -> None:
    link = instance.link
    books.send(instance, Ping())
    link.last_ping = books.now
    if not link.act_ping:
        link.act_ping = books.now


def periodic(books: Books, master: Instance, instance: Instance) -> None:
    """INFO, PING and hello, each when it is due."""
    link = instance.link
    if link.disconnected or link.pending >= MOST_PENDING * link.owners:
        return
    now = books.now
    if instance.kind is not Kind.SENTINEL:
        period = _info_period(master, instance)
        if instance.info_refresh == 0 or now - instance.info_refresh > period:
            books.send(instance, AskInfo())
    ping_period = min(master.settings.down_after, PING_PERIOD)
    if now - link.last_pong > ping_period and now - link.last_ping > ping_period // 2:
        _ping(books, instance)
    if now - instance.last_pub > PUBLISH_PERIOD:
        _publish(books, master, instance)


def _info_period(master: Instance, instance: Instance) -> Millis:
    if instance.kind is Kind.SLAVE and (
        "o_down" in master.flags or "failover_in_progress" in master.flags or instance.link_down_time
    ):
        return FAST_INFO_PERIOD
    return INFO_PERIOD


def _publish(books: Books, master: Instance, instance: Instance) -> None:
    settings = books.settings
    where = master.current()
    hello = Hello(
        settings.announce_ip or books.own_ip,
        settings.announce_port or settings.listen_port,
        settings.myid,
        books.current_epoch,
        MasterName(master.name),
        books.shown(where),
        where.port,
        master.config_epoch,
    )
    books.send(instance, PublishHello(instance.id, hello))


def greet_soon(master: Instance) -> None:
    """Let the next hellos to everybody be due at once."""
    for instance in (master, *master.slaves.values(), *master.sentinels.values()):
        instance.last_pub -= PUBLISH_PERIOD + 1


def pinged(books: Books, link: Link, event: Pinged) -> None:
    """A reply to PING (spec 5.3)."""
    link.last_pong = books.now
    if event.pong in (Pong.PONG, Pong.LOADING, Pong.MASTERDOWN):
        link.last_avail = books.now
        link.act_ping = 0
    for _, instance in books.instances.values():
        if instance.link is link and instance.kind is not Kind.SENTINEL:
            if event.pong is Pong.PONG:
                instance.flags.discard("master_reboot")
            elif event.pong is Pong.BUSY and "s_down" in instance.flags and "script_kill_sent" not in instance.flags:
                books.send(instance, KillScript())
                instance.flags.add("script_kill_sent")
            return


def tear_down(books: Books, instance: Instance) -> None:
    """Close connections over which nothing comes any more (spec 5.4)."""
    link, now = instance.link, books.now
    half = instance.settings.down_after // 2
    if (
        link.cc is not None
        and now - link.cc_time > MIN_LINK_AGE
        and link.act_ping
        and now - link.act_ping > half
        and now - link.last_pong > half
    ):
        books.close_cc(link)
    if link.pc is not None and now - link.pc_time > MIN_LINK_AGE and now - link.pc_activity > 3 * PUBLISH_PERIOD:
        books.close_pc(link)
