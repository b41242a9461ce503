"""Replies of sentinels become pictures; whatever is missing or odd becomes None and never an error."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.client import parse
from quorate.client.picture import Lag, Place, Quorum

FLAT = [
    "name", "mymaster", "ip", "127.0.0.1", "port", "6379", "runid", "r" * 40, "flags", "s_down,o_down,master",
    "last-ok-ping-reply", "5000", "last-ping-reply", "12", "s-down-time", "4000", "down-after-milliseconds", "1000",
    "config-epoch", "3", "quorum", "2", "role-reported", "master", "role-reported-time", "99",
]  # fmt: skip


def test_a_master_from_a_flat_list_or_a_map() -> None:
    flat = parse.master_of(parse.fields_of(FLAT))
    assert flat == parse.master_of(parse.fields_of(dict(zip(FLAT[::2], FLAT[1::2], strict=True))))
    assert (flat.name, flat.seen.place, flat.config_epoch, flat.quorum) == ("mymaster", Place("127.0.0.1", 6379), 3, 2)
    assert flat.seen.down
    assert flat.seen.refuses
    assert flat.seen.down_for == 4000


def test_details_are_put_together() -> None:
    replica = [
        "name",
        "127.0.0.1:6380",
        "ip",
        "127.0.0.1",
        "port",
        "6380",
        "flags",
        "slave",
        "master-link-status",
        "err",
    ]
    replica += ["master-host", "127.0.0.1", "master-port", "6379", "slave-priority", "0", "slave-repl-offset", "17"]
    peer = ["name", "p" * 40, "ip", "127.0.0.1", "port", "26380", "voted-leader", "?", "voted-leader-epoch", "0"]
    info = "role:master\r\nmaster_repl_offset:20\r\nslave0:ip=127.0.0.1,port=6380,state=online,offset=17,lag=1\r\n"
    master = parse.with_details(
        parse.master_of(parse.fields_of(FLAT)),
        [
            ["127.0.0.1", "6380"],
            [replica],
            [peer],
            "OK 3 usable Sentinels. Fine",
            ["mymaster", [[250, info], [1, "x"]]],
        ],
    )
    assert master.current == Place("127.0.0.1", 6380)
    assert [(r.link_up, r.priority, r.offset) for r in master.replicas] == [(False, 0, 17)]
    assert [p.voted_leader for p in master.peers] == [""]
    assert master.replication is not None
    assert master.replication.lags == {Place("127.0.0.1", 6380): Lag(17, 3, 1, "online")}


def test_errors_and_nulls_leave_gaps() -> None:
    bare = parse.master_of({"name": "m"})
    master = parse.with_details(
        bare, [None, ValueError("no"), ValueError("no"), ValueError("ERR odd"), ["m", [[0, None]]]]
    )
    assert (master.current, master.replicas, master.peers, master.check, master.replication) == (
        None,
        (),
        (),
        None,
        None,
    )


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("OK 3 usable Sentinels.", Quorum(True, 3, "3 usable Sentinels.")),
        ("3 usable Sentinels.", Quorum(True, 3, "3 usable Sentinels.")),
        (ValueError("NOQUORUM 1 usable Sentinels. Not enough"), Quorum(False, 1, "1 usable Sentinels. Not enough")),
        (None, None),
    ],
)
def test_ckquorum(reply: object, expected: Quorum | None) -> None:
    assert parse.quorum_of(reply) == expected


def test_who_speaks_is_told_from_info() -> None:
    def version(text: str) -> str:
        return parse.sentinel_of(Place("h", 1), parse.info_of(text), "id", ()).version

    assert version("redis_version:7.0.15\r\n") == "Redis 7.0.15"
    assert version("redis_version:7.2.4\r\nvalkey_version:9.1.2\r\n") == "Valkey 9.1.2"
    assert version("redis_version:7.2.4\r\nquorate_save_error:\r\n") == "Quorate as Redis 7.2.4"
    assert version("") == ""
    ours = parse.sentinel_of(Place("h", 1), parse.info_of("quorate_save_error:disk full\r\nsentinel_tilt:1"), "id", ())
    assert (ours.own.save_error, ours.tilt) == ("disk full", True)


def test_a_quorate_sentinel_says_who_refuses_it() -> None:
    master = parse.master_of(parse.fields_of(FLAT))
    info = parse.info_of("quorate_trouble0:127.0.0.1:6379 wrong password (WRONGPASS)\r\n")
    seen = parse.sentinel_of(Place("h", 1), info, "id", (master,)).masters[0].seen
    assert seen.trouble == "wrong password (WRONGPASS)"


def test_nothing_that_a_terminal_would_obey_passes() -> None:
    (fields,) = parse.instances_of([["name", "\x1b[2Jm", "flags", "a\nb\x9bc"]])
    assert fields == {"name": "?[2Jm", "flags": "a?b?c"}
    assert parse.info_of("k\x07:\x1b]0;v\r\n") == {"k?": "?]0;v"}
    assert parse.plain("mästare \udcff") == "mästare \udcff"


_JUNK: Any = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.builds(ValueError, st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=20,
)


@given(st.lists(_JUNK, min_size=5, max_size=5), _JUNK)
def test_nonsense_never_raises(details: list[object], other: object) -> None:
    parse.with_details(parse.master_of({"name": "m"}), details)
    for fields in parse.instances_of(other):
        parse.master_of(fields)
    parse.sentinel_of(Place("h", 1), parse.info_of(other), other, ())
    parse.replication_of(parse.info_of(other))


@given(st.text(max_size=30))
def test_numbers(text: str) -> None:
    value = parse.number(text)
    assert value is None or int(text) == value
