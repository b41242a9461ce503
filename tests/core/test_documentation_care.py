"""What the Sentinel documentation says of care, choice and operation, in our words; see test_documentation.py."""

from quorate.core import inputs, requests
from quorate.core.inputs import Caller, Pong
from quorate.core.selection import Candidate, limits, select
from quorate.model.identity import Epoch, RunId
from quorate.model.settings import GlobalSettings, MasterSettings
from tests.core.scenes import (
    AHEAD,
    BEHIND,
    HOST,
    MASTER,
    ME,
    NAME,
    agree,
    dying,
    greet,
    hello_of,
    kill,
    master_of,
    names,
    scene,
    tail,
    vote,
)
from tests.core.world import Server, World

MASTER_TEXT = f"master {NAME} {HOST} {MASTER}"
SWITCH = f"+switch-master {NAME} {HOST} {MASTER} {HOST} {AHEAD}"


def current(world: World) -> tuple[str, int] | None:
    """What a client is told."""
    assert world.driver is not None
    return world.driver.view(world.now).current_address(NAME)


# --- outside of a failover --------------------------------------------------------------------------------------------


def test_a_replica_that_follows_somebody_else_is_corrected_even_without_a_failover() -> None:
    world = scene(failover_timeout=5000)
    world.servers[BEHIND].follows = 6399
    world.run(40_000)
    told = tail(world)
    assert f"-> {BEHIND} SLAVEOF {HOST} {MASTER}" in told
    assert f"+fix-slave-config slave {HOST}:{BEHIND} {HOST} {BEHIND} @ {NAME} {HOST} {MASTER}" in told


def test_a_replica_that_calls_itself_master_is_made_a_replica_after_a_wait() -> None:
    world = scene()
    world.servers[BEHIND].follows = None
    world.run(40_000)
    told = tail(world)
    orders = [line for line in told if line.startswith("->")]
    assert orders == [f"-> {BEHIND} SLAVEOF {HOST} {MASTER}"]
    assert "+convert-to-slave" in " ".join(told)


def test_nobody_is_corrected_while_the_master_does_not_look_sane() -> None:
    world = scene()
    world.servers[BEHIND].follows = None
    world.servers[MASTER].frozen = True
    world.run(40_000)
    assert not [line for line in tail(world) if line.startswith("->")]


def test_an_old_master_that_returns_becomes_a_replica_of_the_new_one() -> None:
    world = dying(scene())
    world.run(2000)
    assert SWITCH in tail(world)
    world.servers[MASTER].up = True
    world.run(40_000)
    assert world.servers[MASTER].follows == AHEAD


# --- choosing a replica -----------------------------------------------------------------------------------------------


def _candidate(name: str, priority: int = 100, offset: int = 0, run: str = "a") -> Candidate:
    return Candidate(name, run, priority, offset, False, False, 0, 0, 0)


def _best(*candidates: Candidate) -> str | None:
    return select(candidates, limits(0, 1000, 1000, 10_000)).chosen


def test_replicas_are_ranked_by_priority_then_offset_then_run_id() -> None:
    assert _best(_candidate("x", 10), _candidate("y", 20, 99)) == "x"
    assert _best(_candidate("x", 10, 5), _candidate("y", 10, 6)) == "y"
    assert _best(_candidate("x", 10, 5, "b"), _candidate("y", 10, 5, "a")) == "y"


def test_a_replica_with_priority_zero_is_never_promoted() -> None:
    assert _best(_candidate("x", 0, 10**6), _candidate("y", 100)) == "y"
    assert _best(_candidate("x", 0)) is None


def test_a_replica_cut_off_for_ten_times_down_after_beyond_the_masters_own_outage_is_not_suitable() -> None:
    allowed = limits(master_down_for=3000, down_after=1000, ping_period=1000, info_period=10_000)
    assert allowed.link_down_for == 13_000


# --- manual failover, settings, clients -------------------------------------------------------------------------------


def test_sentinel_failover_forces_one_as_if_the_master_were_not_reachable_without_agreement() -> None:
    world = scene()
    vote(world, "silent")
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(2000)
    told = tail(world)
    assert "reply to 1: Done()" in told
    assert SWITCH in told


def test_a_failover_in_progress_or_without_a_good_replica_is_refused() -> None:
    world = scene()
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.submit(inputs.FailoverRequested(Caller(2), NAME))
    assert "INPROG" in tail(world)[-1]
    other = scene()
    for port in (BEHIND, AHEAD):
        other.servers[port].priority = 0
    other.run(11_000)
    other.submit(inputs.FailoverRequested(Caller(3), NAME))
    assert "NOGOODSLAVE" in tail(other)[-1]


def test_a_failed_attempt_is_not_repeated_within_two_failover_timeouts() -> None:
    world = scene(failover_timeout=4000)
    for port in (BEHIND, AHEAD):
        world.servers[port].priority = 0
    world.run(11_000)
    kill(world, MASTER)
    agree(world)
    world.run(9000)
    assert names(world).count("+try-failover") == 1
    world.run(3000)
    assert names(world).count("+try-failover") == 1


def test_parallel_syncs_is_how_many_replicas_are_re_pointed_at_a_time() -> None:
    world = World(parallel_syncs=2, failover_timeout=60_000)
    for port in (MASTER, 6380, 6381, 6382, 6383):
        follows = None if port == MASTER else MASTER
        world.servers[port] = Server(port, follows, offset=port, run_id=f"{port:040d}")
    world.start()
    world.run(3000)
    for server in world.servers.values():
        server.link_up = False
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(8000)
    orders = [line for line in tail(world) if "SLAVEOF 127" in line]
    assert len(orders) == 2, "nobody has finished copying"
    for server in world.servers.values():
        server.link_up = True
    world.run(3000)
    assert len([line for line in tail(world) if "SLAVEOF 127" in line]) == 1
    assert master_of(world).address.port == 6383


def test_the_client_reconfiguration_script_is_called_with_the_old_and_the_new_address() -> None:
    world = scene()
    settings = MasterSettings(2, 1000, 10_000, client_reconfig_script="/bin/tell")
    world.submit(inputs.SettingsChanged(Caller(1), NAME, settings, (), False, None))
    world.submit(inputs.FailoverRequested(Caller(2), NAME))
    world.run(1000)
    greet(world, hello_of("b", 26380, (5, 5), (HOST, BEHIND)))
    scripts = [line for line in tail(world) if line.startswith("script")]
    assert scripts == [
        f"script /bin/tell {NAME} leader start {HOST} {MASTER} {HOST} {AHEAD}",
        f"script /bin/tell {NAME} observer start {HOST} {AHEAD} {HOST} {BEHIND}",
    ]


def test_an_announced_address_is_told_instead_of_the_detected_one() -> None:
    world = scene()
    world.submit(inputs.GlobalsChanged(Caller(1), GlobalSettings(ME, announce_ip="10.9.8.7", announce_port=777), False))
    said: list[requests.PublishHello] = []
    send = world._send

    def note(conn: requests.ConnId, port: int, request: requests.Request) -> None:
        if isinstance(request, requests.PublishHello):
            said.append(request)
        send(conn, port, request)

    world._send = note  # type: ignore[method-assign]
    world.run(3000)
    assert {(one.hello.sender_host, one.hello.sender_port) for one in said} == {("10.9.8.7", 777)}


def test_a_removed_master_is_no_longer_monitored_and_its_name_is_free() -> None:
    world = scene()
    world.submit(inputs.RemoveRequested(Caller(1), NAME))
    assert names(world)[0] == "-monitor"
    assert current(world) is None
    assert world.conns == {}, "nothing of it stays connected"
    world.submit(inputs.MonitorRequested(Caller(2), NAME, HOST, AHEAD, 2))
    world.submit(inputs.MonitorRequested(Caller(3), NAME, HOST, AHEAD, 2))
    told = tail(world)
    assert told[0] == f"+monitor master {NAME} {HOST} {AHEAD} quorum 2"
    assert "Duplicate master name" in told[1]


def test_the_voters_answer_about_a_master_by_its_address() -> None:
    world = scene()
    kill(world, MASTER)
    world.run(1100)
    tail(world)
    for caller, port in ((1, MASTER), (2, 6399)):
        world.submit(inputs.VoteRequested(Caller(caller), HOST, port, Epoch(0), None))
    assert [line.split("down=")[1].split(",")[0] for line in tail(world)] == ["True", "False"]


def test_a_restart_of_the_master_can_be_taken_for_a_failure_before_it_has_loaded_its_data() -> None:
    world = scene(down_after=30_000)
    settings = MasterSettings(2, 30_000, reboot_down_after=500)
    world.submit(inputs.SettingsChanged(Caller(1), NAME, settings, (), False, None))
    world.servers[MASTER].pong = Pong.LOADING
    world.servers[MASTER].run_id = RunId("9" * 40)
    world.run(11_000)
    assert names(world)[-2:] == ["+reboot", "+sdown"]
    world.servers[MASTER].pong = Pong.PONG
    world.run(1100)
    assert names(world) == ["-sdown"]
