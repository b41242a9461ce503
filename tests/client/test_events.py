"""Every event of a sentinel has a sentence, and odd payloads are shown as they are."""

import pytest

from quorate.client import events
from quorate.client.events import Meaning, Weight
from quorate.model.notice import Event, Level

MASTER = "master mymaster 127.0.0.1 6379"
REPLICA = "slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379"


@pytest.mark.parametrize(
    ("channel", "payload", "words"),
    [
        ("+sdown", MASTER, "master 127.0.0.1:6379 does not answer"),
        ("+odown", MASTER + " #quorum 2/2", "agreed: master 127.0.0.1:6379 is down (quorum 2/2)"),
        ("+selected-slave", REPLICA, "chose replica 127.0.0.1:6380 to become master"),
        (
            "-role-change",
            REPLICA + " new reported role is master",
            "replica 127.0.0.1:6380 now says that it is a master",
        ),
        ("+switch-master", "m 127.0.0.1 1 127.0.0.1 2", "m moved: 127.0.0.1:1 -> 127.0.0.1:2"),
        ("+slave", "slave [::1]:6380 ::1 6380 @ m ::1 6379", "knows replica [::1]:6380"),
        ("+new-epoch", "7", "the epoch is now 7"),
        ("+vote-for-leader", "abcdefghijkl 7", "votes for abcdefgh as leader of epoch 7"),
        ("+unheard-of", "some payload", "some payload"),
        ("+sdown", "odd", "odd"),
        ("+switch-master", "m a b c d", "m a b c d"),
    ],
)
def test_sentences(channel: str, payload: str, words: str) -> None:
    assert events.explain(channel, payload).words == words


def test_every_published_event_is_explained() -> None:
    payloads = {"+switch-master": "m h 1 h 2", "+new-epoch": "1", "+vote-for-leader": "id 1"}
    own_words = {"+tilt", "-tilt", "+set", "-script-error", "-script-timeout", "-epoch-refused"}
    addresses = {Event.SENTINEL_ADDRESS_SWITCH, Event.SENTINEL_INVALID_ADDR, Event.SENTINEL_ADDRESS_UPDATE}
    for event in set(Event) - addresses:
        if event.level is Level.DEBUG or event.channel in own_words:
            continue
        payload = payloads.get(event.channel, REPLICA)
        assert events.explain(event.channel, payload) != Meaning(Weight.DETAIL, payload), event


def test_whom_an_event_is_about() -> None:
    assert events.master_of("+sdown", REPLICA) == "mymaster"
    assert events.master_of("+sdown", MASTER) == "mymaster"
    assert events.master_of("+switch-master", "m h 1 h 2") == "m"
    assert events.master_of("+tilt", "#tilt mode entered") == ""
