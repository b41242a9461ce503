"""Instance maps have exactly the fields of the C servers, in their order; clients count on positions."""

from dataclasses import replace

from quorate.commands import fields
from quorate.model.settings import MasterSettings
from quorate.wire.values import Map
from tests.commands.support import instance, master, peer, replica

COMMON = [
    *("name", "ip", "port", "runid", "flags", "link-pending-commands", "link-refcount"),
    *("last-ping-sent", "last-ok-ping-reply", "last-ping-reply", "down-after-milliseconds"),
]
ROLE = ["info-refresh", "role-reported", "role-reported-time"]
MASTER = ["config-epoch", "num-slaves", "num-other-sentinels", "quorum", "failover-timeout", "parallel-syncs"]
REPLICA = [
    *("master-link-down-time", "master-link-status", "master-host", "master-port"),
    *("slave-priority", "slave-repl-offset", "replica-announced"),
]
PEER = ["last-hello-message", "voted-leader", "voted-leader-epoch"]


def texts(shown: Map) -> dict[str, str]:
    """The map as texts; every value must be a bulk string."""
    found = {}
    for key, value in shown.pairs:
        assert isinstance(key, bytes)
        assert isinstance(value, bytes)
        found[key.decode()] = value.decode()
    return found


def test_a_healthy_master_has_20_fields_and_its_peers_at_position_33() -> None:
    shown = texts(fields.of_master(master("mymaster", MasterSettings(quorum=2))))
    assert list(shown) == COMMON + ROLE + MASTER
    assert len(shown) == 20
    flat = [word for pair in shown.items() for word in pair]
    assert flat[33] == "2"
    assert shown["flags"] == "master"
    assert (shown["role-reported"], shown["config-epoch"], shown["quorum"]) == ("master", "3", "2")
    assert (shown["info-refresh"], shown["role-reported-time"]) == ("5", "60")


def test_scripts_are_shown_only_where_they_are_set() -> None:
    settings = MasterSettings(quorum=2, notification_script="/bin/n", client_reconfig_script="/bin/c")
    shown = texts(fields.of_master(master("mymaster", settings)))
    assert list(shown)[-2:] == ["notification-script", "client-reconfig-script"]
    assert shown["client-reconfig-script"] == "/bin/c"


def test_a_failing_master_shows_the_state_and_since_when_it_is_down() -> None:
    down = replace(instance("m", 1, "s_down", "o_down", "master", "failover_in_progress"), sdown_for=12, odown_for=0)
    view = replace(master("m", MasterSettings(quorum=1)), instance=down, failover_state="wait_promotion")
    shown = texts(fields.of_master(view))
    expected = [*COMMON, *ROLE, *MASTER]
    expected.insert(expected.index("last-ping-sent"), "failover-state")
    at = expected.index("down-after-milliseconds")
    expected[at:at] = ["s-down-time", "o-down-time"]
    assert list(shown) == expected
    assert shown["flags"] == "s_down,o_down,master,failover_in_progress"
    assert (shown["failover-state"], shown["s-down-time"], shown["o-down-time"]) == ("wait_promotion", "12", "0")


def test_a_replica_tells_of_its_master() -> None:
    shown = texts(fields.of_replica(replica()))
    assert list(shown) == COMMON + ROLE + REPLICA
    assert shown["name"] == "127.0.0.1:6380"
    assert (shown["master-link-status"], shown["slave-repl-offset"], shown["replica-announced"]) == ("ok", "4711", "1")
    broken = texts(fields.of_replica(replace(replica(), master_link_up=False, announced=False, master_host="?")))
    assert (broken["master-link-status"], broken["replica-announced"], broken["master-host"]) == ("err", "0", "?")


def test_a_peer_tells_of_its_vote() -> None:
    shown = texts(fields.of_peer(peer()))
    assert list(shown) == COMMON + PEER
    assert (shown["last-hello-message"], shown["voted-leader"], shown["voted-leader-epoch"]) == ("400", "?", "0")


def test_names_of_any_bytes_come_out_as_they_went_in() -> None:
    view = master("m\udcff", MasterSettings(quorum=1))
    assert fields.of_master(view).pairs[0] == (b"name", b"m\xff")
