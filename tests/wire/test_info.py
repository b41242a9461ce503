"""INFO texts of real servers and of liars give the facts a sentinel needs, and never anything unsafe."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quorate.model.identity import RunId
from quorate.model.info import InfoReport, Role, SlaveSection
from quorate.wire.info import MOST_REPLICAS, InfoReader, parse_info

ID = "ebf078c61af2270bcc8697581c06219b22a2a096"

REPLID = "8c2f0d6b35b1ce5d8ea1d3c7e3b6e1c6f5d0a9b4"

MASTER = f"""# Server\r
redis_version:7.0.15\r
run_id:{ID}\r
tcp_port:6379\r
\r
# Replication\r
role:master\r
connected_slaves:2\r
slave0:ip=127.0.0.1,port=6380,state=online,offset=1234,lag=0\r
slave1:ip=::1,port=6381,state=wait_bgsave,offset=0,lag=0\r
master_failover_state:no-failover\r
master_replid:{REPLID}\r
master_replid2:0000000000000000000000000000000000000000\r
master_repl_offset:1234\r
""".encode()

SLAVE = f"""# Server\r
run_id:{ID}\r
# Replication\r
role:slave\r
master_host:db-1.example.org\r
master_port:6379\r
master_link_status:down\r
master_link_down_since_seconds:12\r
slave_read_repl_offset:1\r
slave_repl_offset:987654321\r
slave_priority:42\r
slave_read_only:1\r
replica_announced:0\r
connected_slaves:0\r
""".encode()

SLAVE_FACTS = SlaveSection("db-1.example.org", 6379, False, 42, 987654321, False)


def test_a_master() -> None:
    replicas = (("127.0.0.1", 6380), ("::1", 6381))
    assert parse_info(MASTER) == InfoReport(
        MASTER, RunId(ID), Role.MASTER, replicas, offset=1234, histories=(REPLID,), version=(7, 0, 15)
    )


def test_a_promoted_master_names_the_history_that_it_continues() -> None:
    second = MASTER.replace(b"0" * 40, b"a" * 40)
    assert parse_info(second).histories == (REPLID, "a" * 40)


def test_a_replica() -> None:
    assert parse_info(SLAVE) == InfoReport(SLAVE, ID, Role.SLAVE, (), 12_000, SLAVE_FACTS)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [MASTER, SLAVE])
def test_line_ends_do_not_matter(text: bytes) -> None:
    def facts(report: InfoReport) -> tuple[object, ...]:
        return report.run_id, report.role, report.replicas, report.link_down_for, report.slave

    expected = facts(parse_info(text))
    assert facts(parse_info(text.replace(b"\r\n", b"\n"))) == expected
    assert facts(parse_info(text.removesuffix(b"\r\n"))) == expected
    assert facts(parse_info(text.partition(b"\n")[2])) == expected


@pytest.mark.parametrize(
    ("line", "replica"),
    [
        (b"slave0:ip=10.0.0.1,port=6380,state=online,offset=1,lag=0", ("10.0.0.1", 6380)),
        (b"slave12:ip=host.example,port=1,state=online", ("host.example", 1)),
        (b"slave0:10.0.0.1,6380,online", ("10.0.0.1", 6380)),
        (b"slave0:10.0.0.1,6380", None),
        (b"slave0:ip=10.0.0.1", None),
        (b"slave0:ip=,port=6380", None),
        (b"slave0:ip=10.0.0.1,port=0", None),
        (b"slave0:ip=10.0.0.1,port=65536", None),
        (b"slave0:ip=10.0.0.1,port=63x0", None),
        (b"slave0:ip=10.0.0.1 evil,port=6380", None),
        (b"slave0:ip=10.0.0.1\0,port=6380", None),
        (b'slave0:ip="a,port=6380', None),
        (b"slave0:", None),
        (b"slave", None),
        (b"slaves:ip=10.0.0.1,port=6380", None),
    ],
)
def test_lines_about_replicas(line: bytes, replica: tuple[str, int] | None) -> None:
    expected = (replica,) if replica else ()
    assert parse_info(line).replicas == expected
    assert parse_info(b"role:master\r\n" + line + b"\r\nx:1\r\n").replicas == expected


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        (b"master_host:db-1.example.org", b"master_host:", "master_host", None),
        (b"master_host:db-1.example.org", b"master_host:a b", "master_host", None),
        (b"master_host:db-1.example.org", b"master_host:a\rb", "master_host", None),
        (b"master_port:6379", b"master_port:0", "master_port", None),
        (b"master_port:6379", b"master_port:99999", "master_port", None),
        (b"master_port:6379", b"master_port:" + b"9" * 5000, "master_port", None),
        (b"link_status:down", b"link_status:up", "link_up", True),
        (b"link_status:down", b"link_status:UP", "link_up", True),
        (b"link_status:down", b"link_status:upside", "link_up", False),
        (b"slave_priority:42", b"slave_priority:0", "priority", 0),
        (b"slave_priority:42", b"slave_priority:-1", "priority", None),
        (b"slave_priority:42", b"slave_priority:2147483648", "priority", None),
        (b"slave_priority:42", b"slave_priority:x", "priority", None),
        (b"slave_priority:42", b"slave_priority:1\nslave_priority:2", "priority", 2),
        (b"slave_repl_offset:987654321", b"slave_repl_offset:-1", "offset", None),
        (b"replica_announced:0", b"replica_announced:1", "announced", True),
        (b"replica_announced:0\r\n", b"", "announced", None),
        (b"master_link_status:down\r\n", b"", "link_up", None),
        (b"slave_priority:42", b"master_last_io_seconds_ago:3\nslave_priority:42", "last_io", 3),
        (b"slave_priority:42", b"master_last_io_seconds_ago:-1\nslave_priority:42", "last_io", -1),
        (b"slave_priority:42", b"master_last_io_seconds_ago:x\nslave_priority:42", "last_io", None),
        (b"slave_priority:42", b"master_last_io_seconds_ago:99999999999\nslave_priority:42", "last_io", None),
        (b"slave_priority:42", b"slave_priority:43", "last_io", None),
    ],
)
def test_fields_of_a_replica(old: bytes, new: bytes, field: str, value: object) -> None:
    text = SLAVE.replace(old, new)
    assert text != SLAVE
    assert getattr(parse_info(text).slave, field) == value


@pytest.mark.parametrize("bad", [ID[:39], ID + "0", ID.upper(), "x" * 40, ID[:39] + "\t", "", "a\nrole:master"])
def test_a_run_id_is_forty_digits_or_nothing(bad: str) -> None:
    assert parse_info(b"run_id:" + bad.encode() + b"\r\n").run_id is None


@pytest.mark.parametrize(
    ("seconds", "down_for"),
    [(b"0", 0), (b"-1", -1000), (b"7", 7000), (b"x", 0), (b"", 0), (b"9" * 19, 0)],
)
def test_seconds_without_link(seconds: bytes, down_for: int) -> None:
    assert parse_info(b"master_link_down_since_seconds:" + seconds + b"\r\n").link_down_for == down_for


def test_only_what_follows_role_slave_describes_a_replica() -> None:
    before = b"master_host:10.0.0.9\r\nslave_priority:1\r\nrole:slave\r\n"
    assert parse_info(before).slave == SlaveSection()
    assert parse_info(SLAVE.replace(b"role:slave", b"role:master")).slave == SlaveSection()
    assert parse_info(SLAVE.replace(b"role:slave", b"role:sentinel")).role is None
    assert parse_info(SLAVE.replace(b"role:slave", b" role:slave")).role is None


def test_a_flood_of_replicas_is_cut_off() -> None:
    text = b"role:master\r\n" + b"".join(
        b"slave%d:ip=10.0.0.1,port=1,state=x\r\n" % n for n in range(MOST_REPLICAS + 5)
    )
    assert len(parse_info(text).replicas) == MOST_REPLICAS


keys = [
    b"role:",
    b"run_id:",
    b"slave0:",
    b"master_host:",
    b"master_port:",
    b"slave_priority:",
    b"\n",
    b"\r\n",
    b"ip=",
    b"port=",
]
scraps = st.sampled_from(
    [*keys, b"slave", b"master", b"up", b",", b"-", b"1", b"6379", b"\0", b"\xff", b" ", ID.encode()]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(scraps, max_size=40).map(b"".join) | st.binary(max_size=100))
def test_garbage_never_harms(text: bytes) -> None:
    report = parse_info(text)
    hosts = [host for host, _ in report.replicas] + [report.slave.master_host or "x"]
    assert all(len(host.split()) == 1 and host.isascii() and host.isprintable() for host in hosts)
    assert all(1 <= port <= 65535 for _, port in report.replicas)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"redis_version:6.2.14\r\n", (6, 2, 14)),
        (b"redis_version:7.2\nvalkey_version:8.1.1\n", (7, 2)),
        (b"redis_version:255.255.255\n", (255, 255, 255)),
        (b"redis_version:7.x\n", ()),
        (b"redis_version:1234567.0\n", ()),
        (b"redis_mode:standalone\n", ()),
    ],
)
def test_the_version_is_numbers_or_unknown(text: bytes, version: tuple[int, ...]) -> None:
    assert parse_info(text).version == version


@pytest.mark.parametrize("texts", [(MASTER, SLAVE, MASTER), (SLAVE, SLAVE, MASTER)])
def test_a_reader_says_of_each_reply_what_it_would_say_of_it_alone(texts: tuple[bytes, ...]) -> None:
    reader = InfoReader()
    for text in texts:
        for reply in (
            text,
            text.replace(b"redis_version:7.0.15", b"redis_version:7.2.4"),
            text.replace(ID.encode(), b"f" * 40),
            text.replace(b"offset=1234", b"offset=1248").replace(b"repl_offset:1234", b"repl_offset:1248"),
            text.replace(b"link_status:down", b"link_status:up"),
            text + b"\r\n# CPU\r\nused_cpu_sys:0.5\r\n",
            text.replace(b"# Replication\r\n", b""),
            b"",
        ):
            assert reader.read(reply) == parse_info(reply)


NAMES = (
    *("role", "master_host", "master_port", "master_link_status", "master_last_io_seconds_ago", "slave_repl_offset"),
    *("slave_priority", "replica_announced", "master_replid", "master_repl_offset", "repl_backlog_histlen", "slave0"),
)
VALUES = (
    *("master", "slave", "up", "down", "0", "1", "7", "-1", "12x", "", "9" * 9, "9" * 10, "9" * 18, "9" * 19),
    *("ip=h,port=1,state=online,offset=5,lag=0", "ip=h,port=1,state=online,offset=6,lag=1", "ip=g,port=1,state=online"),
    *("ip=h,state=online,port=2", "h,1,online", ID),
)
SECTIONS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=8)


@settings(max_examples=2000, deadline=None)
@example([("master_last_io_seconds_ago", "7")], [(1, "9" * 10)], True)
@example([("slave_repl_offset", "7")], [(1, "9" * 19)], True)
@given(SECTIONS, st.lists(st.tuples(st.integers(0, 7), st.sampled_from(VALUES)), min_size=1, max_size=3), st.booleans())
def test_what_a_reader_has_read_before_never_shows(
    lines: list[tuple[str, str]], changes: list[tuple[int, str]], usual: bool
) -> None:
    if usual:
        lines = [("role", "slave"), *lines]
    reader = InfoReader()
    for at, value in [(0, "slave" if usual else "master"), *changes]:
        if at < len(lines):
            lines[at] = lines[at][0], value
        text = "\r\n".join(["# Replication", *(f"{name}:{value}" for name, value in lines), ""]).encode()
        assert reader.read(text) == parse_info(text)


def test_a_reader_does_not_take_apart_again_what_has_not_changed() -> None:
    reader = InfoReader()
    first = reader.read(MASTER)
    assert reader.read(bytes(bytearray(MASTER))) is first
    later = reader.read(MASTER.replace(b"tcp_port:6379", b"tcp_port:6379\r\nuptime_in_seconds:9"))
    assert later is not first
    assert later.replicas is first.replicas
