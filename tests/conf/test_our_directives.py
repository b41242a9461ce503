"""The directives of a master that only we know: read in every spelling, written as comments that C keeps, never fatal
where C was in charge meanwhile.
"""

from dataclasses import replace

import pytest

from quorate.conf.load import ConfigError
from quorate.conf.rewrite import Document
from quorate.model.candidates import NO_LAG, NO_TAG, ReplicaTag, Tag
from quorate.model.evidence import NO_CONFIRMING, NO_DETECTION, NO_TIMEOUT, Detection
from quorate.model.identity import Epoch, MasterName
from quorate.model.saved import SaveDelta
from quorate.model.settings import MasterSettings
from tests.conf.writing import delta, read, rewritten

MONITOR = b"sentinel monitor m 127.0.0.1 6379 2\n"
LAG = b"sentinel candidate-max-lag m 4096"
TAGS = b"sentinel replica-tag m 127.0.0.1 6380 nofailover\nsentinel replica-tag m 127.0.0.1 6381 prefer"
TAGGED = (ReplicaTag("127.0.0.1", 6380, Tag.NOFAILOVER), ReplicaTag("127.0.0.1", 6381, Tag.PREFER))


def settings_of(data: bytes) -> MasterSettings:
    """The options of the only master."""
    (master,) = read(data).saved.masters
    return master.settings


@pytest.mark.parametrize("head", [b"", b"#quorate ", b"quorate ", b"#QUORATE\t"])
def test_every_spelling_means_the_same_and_becomes_a_comment(head: bytes) -> None:
    lines = [head + line for line in (LAG, *TAGS.split(b"\n"))]
    data = MONITOR + b"\n".join(lines) + b"\n# the end\n"
    assert settings_of(data) == MasterSettings(2, max_lag=4096, tags=TAGGED)
    expected = [b"#quorate " + line for line in (LAG, *TAGS.split(b"\n"))]
    assert rewritten(data).split(b"\n")[1:5] == [*expected, b"# the end"]
    assert settings_of(rewritten(data)) == settings_of(data)


@pytest.mark.parametrize("head", [b"", b"#quorate "])
def test_evidence_is_read_and_written_back(head: bytes) -> None:
    lines = [
        b"sentinel crash-detection m ALWAYS",
        b"sentinel confirm-by-replicas m yes",
        b"sentinel confirm-timeout m 2500",
    ]
    data = MONITOR + b"\n".join(head + line for line in lines) + b"\n"
    expected = MasterSettings(2, crash_detection=Detection.ALWAYS, confirm_by_replicas=True, confirm_timeout=2500)
    assert settings_of(data) == expected
    text = rewritten(data)
    assert b"#quorate sentinel crash-detection m always\n" in text
    assert b"#quorate sentinel confirm-by-replicas m yes\n" in text
    assert b"#quorate sentinel confirm-timeout m 2500\n" in text
    assert settings_of(text) == expected


def test_evidence_is_off_and_unwritten_unless_asked_for() -> None:
    off = b"sentinel crash-detection m no\nsentinel confirm-by-replicas m no\nsentinel confirm-timeout m 0\n"
    assert settings_of(MONITOR + off) == MasterSettings(2)
    assert b"crash-detection" not in rewritten(MONITOR + off)


def test_they_may_stand_above_the_monitor_line() -> None:
    assert settings_of(b"#quorate " + LAG + b"\n" + MONITOR).max_lag == 4096


@pytest.mark.parametrize(
    ("text", "amount"), [(b"0", 0), (b"1mb", 1 << 20), (b"2K", 2000), (b"%d" % ((1 << 63) - 1), (1 << 63) - 1)]
)
def test_sizes(text: bytes, amount: int) -> None:
    assert settings_of(MONITOR + b"sentinel candidate-max-lag m " + text).max_lag == amount


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("sentinel candidate-max-lag m", "Unrecognized sentinel configuration statement."),
        ("sentinel candidate-max-lag m -1", NO_LAG),
        ("sentinel candidate-max-lag m few", NO_LAG),
        (f"sentinel candidate-max-lag m {1 << 63}", NO_LAG),
        (f"sentinel candidate-max-lag m {'9' * 5000}", NO_LAG),
        ("sentinel candidate-max-lag other 1", "No such master with specified name."),
        ("sentinel replica-tag m 127.0.0.1 6380 never", NO_TAG),
        ("sentinel crash-detection m maybe", NO_DETECTION),
        ("sentinel crash-detection m", "Unrecognized sentinel configuration statement."),
        ("sentinel confirm-by-replicas m always", NO_CONFIRMING),
        ("sentinel confirm-timeout m -1", NO_TIMEOUT),
        ("sentinel confirm-timeout m 2147483648", NO_TIMEOUT),
        (f"sentinel confirm-timeout m {'9' * 5000}", NO_TIMEOUT),
        ("sentinel confirm-timeout m 1s", NO_TIMEOUT),
        ("sentinel replica-tag m 127.0.0.1 0 prefer", "Invalid port number."),
        ("sentinel replica-tag m somehost 6380 prefer", "Can't resolve instance hostname."),
        ("sentinel replica-tag m 127.0.0.1 6380", "Unrecognized sentinel configuration statement."),
    ],
)
def test_what_is_wrong_is_named(line: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(MONITOR + line.encode())
    assert (caught.value.number, caught.value.reason) == (2, reason)


def test_a_wrong_comment_is_as_fatal_as_a_wrong_line() -> None:
    with pytest.raises(ConfigError):
        read(MONITOR + b"#quorate sentinel candidate-max-lag m few")


def test_directives_of_c_are_no_comments() -> None:
    config = read(MONITOR + b"#quorate sentinel auth-pass m x")
    assert config.saved.masters[0].settings.auth_pass == ""
    assert len(config.warnings) == 1


def test_comments_about_a_master_that_c_was_told_to_remove_do_not_prevent_a_start() -> None:
    data = MONITOR + b"#quorate sentinel candidate-max-lag gone 5\n"
    config = read(data)
    assert config.saved.masters[0].settings.max_lag == 0
    assert config.warnings == ("line 2 of s.conf is about a master that is not monitored",)
    assert b"#quorate sentinel candidate-max-lag gone 5\n" in rewritten(data)


def test_the_later_of_two_tags_counts_and_the_log_says_so() -> None:
    config = read(MONITOR + TAGS + b"\nsentinel replica-tag m 127.1 6380 PREFER")
    assert set(config.saved.masters[0].settings.tags) == {
        ReplicaTag("127.0.0.1", 6380, Tag.PREFER),
        ReplicaTag("127.0.0.1", 6381, Tag.PREFER),
    }
    assert len(config.warnings) == 1
    assert read(MONITOR + TAGS + b"\n" + TAGS).warnings == ()


def test_what_changes_at_run_time_takes_the_old_lines() -> None:
    data = MONITOR + b"#quorate " + LAG + b"\n" + b"\n".join(b"#quorate " + t for t in TAGS.split(b"\n")) + b"\n# end\n"
    config = read(data)
    document = Document(data, config)
    document.apply(delta(config), None)
    master = config.saved.masters[0]
    changed = replace(master, settings=replace(master.settings, max_lag=0, tags=TAGGED[1:]))
    document.apply(SaveDelta(2, config.saved.settings, Epoch(0), {MasterName("m"): changed}), None)
    text = document.render()
    assert b"candidate-max-lag" not in text
    assert text.count(b"replica-tag") == 1
    assert read(text).saved.masters[0].settings == changed.settings
