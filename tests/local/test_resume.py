"""Who is master when a cluster starts again: the sentinels' files decide, and nobody's newest data is overwritten."""

import pytest

from quorate.local import resume
from quorate.local.resume import Choice, Opinion, Remains

OLD, NEW = 100.0, 200.0


@pytest.mark.parametrize(
    ("opinions", "servers", "expected"),
    [
        pytest.param(
            [Opinion(1, 0)] * 3, [Remains(1, None, OLD), Remains(2, 1, OLD)], Choice(1), id="nothing ever happened"
        ),
        pytest.param(
            [Opinion(2, 1)] * 3, [Remains(1, 2, OLD), Remains(2, None, OLD)], Choice(2), id="after a failover"
        ),
        pytest.param(
            [Opinion(1, 0), Opinion(1, 0), Opinion(2, 1)],
            [Remains(1, 2, OLD), Remains(2, None, OLD)],
            Choice(2),
            id="the highest config epoch wins, not the majority",
        ),
        pytest.param(
            [Opinion(1, 1), Opinion(2, 1), Opinion(2, 1)],
            [Remains(1, 2, OLD), Remains(2, None, OLD)],
            Choice(2),
            id="equal epochs: the majority",
        ),
        pytest.param(
            [Opinion(2, 1)],
            [Remains(1, None, NEW), Remains(2, None, OLD)],
            Choice(2, set_aside=(1,)),
            id="a second master's data is set aside",
        ),
        pytest.param([], [Remains(1, 2, NEW), Remains(2, None, OLD)], Choice(2), id="no sentinel: the one by itself"),
        pytest.param(
            [], [Remains(1, None, OLD), Remains(2, None, NEW)], Choice(2, set_aside=(1,)), id="two: the newest data"
        ),
        pytest.param([], [Remains(1, 2, OLD), Remains(2, 1, NEW)], Choice(2), id="a ring of replicas: the newest data"),
        pytest.param([], [Remains(1, None, None), Remains(2, 1, None)], Choice(1), id="no data at all"),
        pytest.param([Opinion(9, 5)], [Remains(1, None, OLD)], Choice(1), id="an opinion about no server of ours"),
    ],
)
def test_choice(opinions: list[Opinion], servers: list[Remains], expected: Choice) -> None:
    assert resume.choose(opinions, servers) == expected


def test_a_master_that_lost_its_data_does_not_wipe_the_others() -> None:
    choice = resume.choose([Opinion(1, 3)], [Remains(1, None, None), Remains(2, 1, OLD), Remains(3, 1, NEW)])
    assert (choice.master, choice.reclaimed, choice.set_aside) == (3, True, ())
    assert "lost its data" in choice.reason


def test_sentinel_files_are_read_whoever_wrote_them() -> None:
    text = (
        "port 26379\nsentinel myid x\nSENTINEL Monitor mymaster 127.0.0.1 6380 2\n"
        "sentinel config-epoch mymaster 7\nsentinel monitor other 127.0.0.1 1 2\nsentinel config-epoch other 9\n"
    )
    assert resume.opinion_of(text, "mymaster") == Opinion(6380, 7)
    assert resume.opinion_of(text, "absent") is None
    assert resume.opinion_of("", "mymaster") is None


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("", None),
        ("replicaof 127.0.0.1 6380\n", 6380),
        ("slaveof 127.0.0.1 6380\n", 6380),
        ("replicaof 127.0.0.1 6380\nreplicaof no one\n", None),
        ("# replicaof 127.0.0.1 6380\n", None),
    ],
)
def test_whom_a_server_follows(text: str, port: int | None) -> None:
    assert resume.follows(text) == port


def test_reclaiming_rewrites_the_master_and_keeps_everything_else() -> None:
    before = (
        "port 26379\nsentinel monitor m 127.0.0.1 1 2\nsentinel known-replica m 127.0.0.1 2\n"
        "sentinel known-replica m 127.0.0.1 3\nsentinel config-epoch m 4\n"
    )
    after = resume.reclaim(before, "m", "127.0.0.1", 3)
    assert after == (
        "port 26379\nsentinel monitor m 127.0.0.1 3 2\nsentinel known-replica m 127.0.0.1 1\n"
        "sentinel known-replica m 127.0.0.1 2\nsentinel config-epoch m 4\n"
    )
    assert resume.opinion_of(after, "m") == Opinion(3, 4)
