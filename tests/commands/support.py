"""A world in memory for tests of commands: a sentinel as it may be seen, connections, an ACL file that is bytes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from quorate.commands.acl import Book
from quorate.commands.contract import Answer, Later, Now, ProcessFacts, ScriptView, Session
from quorate.commands.dispatch import dispatch
from quorate.core.inputs import Caller, Input
from quorate.core.outcome import Result
from quorate.core.view import (
    CachedInfo,
    Health,
    InstanceView,
    LinkView,
    MasterView,
    OutlookView,
    PeerView,
    QuorumCheck,
    ReplicaView,
    RoleView,
)
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.record import Entry
from quorate.model.settings import GlobalSettings, MasterSettings, Mode, Tuning
from quorate.wire.encode import encode
from quorate.wire.values import Reply

MYID = RunId("0123456789abcdef" * 2 + "01234567")
OTHER = RunId("f" * 40)
CALLER = Caller(7)


def instance(name: str, port: int, *flags: str) -> InstanceView:
    """A healthy instance on 127.0.0.1."""
    return InstanceView(
        name=name,
        ip="127.0.0.1",
        port=port,
        run_id="a" * 40,
        flags=flags,
        link=LinkView(pending=0, refcount=1, last_ping_sent=0, last_ok_ping_reply=10, last_ping_reply=20),
        sdown_for=None,
        odown_for=None,
        down_after=30_000,
        trouble="",
    )


def master(name: str, settings: MasterSettings) -> MasterView:
    """A healthy master with one replica and two peers."""
    return MasterView(
        instance=instance(name, 6379, "master"),
        role=RoleView(info_age=5, reported=Role.MASTER, reported_for=60),
        settings=settings,
        config_epoch=Epoch(3),
        leader_epoch=Epoch(2),
        replicas=1,
        peers=2,
        failover_state=None,
    )


def replica(port: int = 6380) -> ReplicaView:
    """A healthy, announced replica."""
    return ReplicaView(
        instance=instance(f"127.0.0.1:{port}", port, "slave"),
        role=RoleView(info_age=6, reported=Role.SLAVE, reported_for=70),
        master_link_down_for=0,
        master_link_up=True,
        master_host="127.0.0.1",
        master_port=6379,
        priority=100,
        offset=4711,
        announced=True,
    )


def peer() -> PeerView:
    """A healthy peer that has not voted."""
    return PeerView(instance(OTHER, 26380, "sentinel"), last_hello=400, voted_leader="?", voted_epoch=Epoch(0))


@dataclass
class FakeView:
    """A SentinelView made of plain fields, for a test to set."""

    settings: GlobalSettings = field(default_factory=lambda: GlobalSettings(MYID))
    tuning: Tuning = field(default_factory=Tuning)
    current_epoch: Epoch = Epoch(3)
    tilt_for: Millis | None = None
    simulated: tuple[bool, bool] = (False, False)
    health: Health = field(default_factory=lambda: Health("", 0, "", ()))
    masters: dict[MasterName, MasterView] = field(default_factory=dict)
    known_replicas: dict[MasterName, tuple[ReplicaView, ...]] = field(default_factory=dict)
    known_peers: dict[MasterName, tuple[PeerView, ...]] = field(default_factory=dict)
    checks: dict[MasterName, QuorumCheck] = field(default_factory=dict)
    cache: dict[MasterName, tuple[CachedInfo, ...]] = field(default_factory=dict)
    outlooks: dict[MasterName, OutlookView] = field(default_factory=dict)

    def add(self, name: str, settings: MasterSettings | None = None) -> None:
        """Watch a master with one replica and one peer."""
        known = MasterName(name)
        self.masters[known] = master(name, settings or MasterSettings(quorum=2))
        self.known_replicas[known] = (replica(),)
        self.known_peers[known] = (peer(),)

    def names(self) -> tuple[MasterName, ...]:
        return tuple(self.masters)

    def master(self, name: MasterName) -> MasterView | None:
        return self.masters.get(name)

    def replicas(self, name: MasterName) -> tuple[ReplicaView, ...]:
        return self.known_replicas.get(name, ())

    def peers(self, name: MasterName) -> tuple[PeerView, ...]:
        return self.known_peers.get(name, ())

    def current_address(self, name: MasterName) -> tuple[str, int] | None:
        found = self.masters.get(name)
        return None if found is None else (found.instance.ip, found.instance.port)

    def quorum_check(self, name: MasterName) -> QuorumCheck | None:
        return self.checks.get(name)

    def outlook(self, name: MasterName) -> OutlookView | None:
        return self.outlooks.get(name)

    def info_cache(self, name: MasterName) -> tuple[CachedInfo, ...]:
        return self.cache.get(name, ())

    def master_settings(self, name: MasterName) -> MasterSettings | None:
        found = self.masters.get(name)
        return None if found is None else found.settings

    def known_peer_addresses(self) -> frozenset[str]:
        return frozenset({"127.0.0.1"})


FACTS = ProcessFacts(
    run_id="b" * 40,
    pid=4242,
    tcp_port=26379,
    config_file="/etc/sentinel.conf",
    executable="/usr/bin/quorate",
    supervised="no",
    uptime=90_061_000,
    wall_clock_us=1_700_000_000_123_456,
    hz=14,
    multiplexing="epoll",
    listeners=("name=tcp,bind=*,bind=-::*,port=26379",),
    maxclients=10_000,
    connections_received=11,
    commands_processed=22,
    bytes_in=33,
    bytes_out=44,
    connections_rejected=0,
    cpu=(1.5, 0.5, 0.25, 0.125),
    protocol_errors=0,
    dropped_inputs=0,
)


class World:
    """A Host in memory. `closed` are the sessions that were to be closed; `file` is the ACL file, None if missing."""

    def __init__(self, mode: Mode = Mode.REDIS_7_2) -> None:
        self.seen = FakeView(GlobalSettings(MYID, mode=mode))
        self.seen.add("mymaster")
        self.acl = Book(mode)
        self.clock: Millis = 1_000_000
        self.process = FACTS
        self.renames: Mapping[bytes, bytes] = {}
        self.clients: list[Session] = []
        self.closed: list[Session] = []
        self.queue: list[ScriptView] = []
        self.remembered: dict[MasterName, list[Entry]] = {}
        self.executables: set[str] = set()
        self.paused: Millis = 0
        self.writes_only = False
        self.stopped = False
        self.path = ""
        self.file: bytes | None = b""
        self.disk_error: OSError | None = None

    def connect(self, protocol: int = 2) -> Session:
        """A new connection from 127.0.0.1, logged in if nothing is asked for."""
        number = len(self.clients) + 1
        session = Session(
            id=number,
            address=f"127.0.0.1:{50_000 + number}",
            local_address="127.0.0.1:26379",
            fd=7 + number,
            opened=self.clock,
            user=self.acl.default,
            authenticated=not self.acl.login_required,
            last_active=self.clock,
            protocol=protocol,
        )
        self.clients.append(session)
        return session

    def call(self, session: Session, *words: str | bytes) -> Answer:
        """Dispatch a request."""
        return dispatch(self, session, [word.encode() if isinstance(word, str) else word for word in words])

    def replies(self, session: Session, *words: str | bytes) -> tuple[Reply, ...]:
        """The replies of a request that is answered at once."""
        answer = self.call(session, *words)
        assert isinstance(answer, Now), answer
        return answer.replies

    def reply(self, session: Session, *words: str | bytes) -> Reply:
        """The only reply of a request that is answered at once."""
        (only,) = self.replies(session, *words)
        return only

    def line(self, session: Session, *words: str | bytes) -> str:
        """The bytes of all replies as the session's protocol writes them, as text."""
        raw = b"".join(encode(one, session.protocol) for one in self.replies(session, *words))
        return raw.decode("utf-8", "surrogateescape")

    def asked(self, session: Session, *words: str | bytes) -> Input:
        """What a request hands to the core."""
        answer = self.call(session, *words)
        assert isinstance(answer, Later), answer
        return answer.ask(CALLER)

    def rendered(self, session: Session, result: Result, *words: str | bytes) -> Reply:
        """The reply to a request that the core answers with `result`."""
        answer = self.call(session, *words)
        assert isinstance(answer, Later), answer
        return answer.render(result)

    def settings(self, **changed: object) -> None:
        """Change the settings of this sentinel as a whole."""
        self.seen.settings = replace(self.seen.settings, **changed)  # type: ignore[arg-type]

    # --- Host -------------------------------------------------------------------------------------------------------

    def now(self) -> Millis:
        return self.clock

    def view(self) -> FakeView:
        return self.seen

    def facts(self) -> ProcessFacts:
        return self.process

    def sessions(self) -> Iterable[Session]:
        return self.clients

    def close(self, session: Session) -> None:
        self.closed.append(session)

    def failovers(self, name: MasterName) -> Sequence[Entry]:
        return self.remembered.get(name, ())

    def scripts(self) -> Sequence[ScriptView]:
        return self.queue

    def is_executable(self, path: str) -> bool:
        return path in self.executables

    def pause(self, until: Millis, *, writes_only: bool = False) -> None:
        self.paused, self.writes_only = until, writes_only

    def paused_until(self) -> Millis:
        return self.paused

    def paused_writes_only(self) -> bool:
        return self.writes_only

    def shutdown(self) -> None:
        self.stopped = True

    def random_bytes(self, count: int) -> bytes:
        return bytes(range(count))

    def acl_file(self) -> str:
        return self.path

    def read_acl_file(self) -> bytes:
        if self.file is None:
            raise FileNotFoundError(2, "No such file or directory")
        return self.file

    def write_acl_file(self, text: bytes) -> None:
        if self.disk_error is not None:
            raise self.disk_error
        self.file = text
