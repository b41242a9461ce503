"""A lost write is excused by what explains it, and not by promotions that have nothing to do with it."""

from dataclasses import replace

import pytest

from quorate.core.inputs import FailoverRequested
from quorate.core.requests import InstanceId, MoveId, Reconfigure, StepAside
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Violation
from quorate.sim.checkers.liveness import unsettled
from quorate.sim.checkers.losses import Losses
from quorate.sim.messages import Full
from quorate.sim.phases import advance
from quorate.sim.server import RedisServer
from quorate.sim.workload import Acknowledged
from quorate.sim.world import Options, World

OPTIONS = Options("losses", 3, 1, 1, 2, 500, 2_000, 1, 0, 1, 0, 0.0)
NEVER_WRITTEN = 1_000_000
START = 20_000


def there_and_back(options: Options = OPTIONS) -> tuple[World, Losses]:
    """Two failovers by operators: the first master is the master again, and everybody knows it."""
    world = World(options)
    losses = Losses(world)
    world.observers.append(losses)
    advance(world, START)
    for host in world.sentinels[:2]:
        host.typed(FailoverRequested(host.caller(None), world.groups[0].name))
        advance(world, world.schedule.now + 15_000)
    assert not unsettled(world)
    assert world.groups[0].servers[0].is_master
    losses.finished()
    return world, losses


def acknowledge(world: World, server: RedisServer, at: int) -> None:
    """A client was promised a write that nobody has."""
    world.groups[0].ledger.note(Acknowledged(NEVER_WRITTEN, server.node.ip, at))


def test_a_write_of_the_present_reign_must_be_there_though_others_reigned_before() -> None:
    world, losses = there_and_back()
    acknowledge(world, world.groups[0].servers[0], world.schedule.now - 2_000)
    with pytest.raises(Violation, match="gone unexplained"):
        losses.finished()


def test_whoever_took_it_was_not_the_elected_master_any_more() -> None:
    world, losses = there_and_back()
    acknowledge(world, world.groups[0].servers[1], world.schedule.now - 2_000)
    losses.finished()
    assert losses.lost > 0


def test_whoever_was_elected_next_never_had_it() -> None:
    world, losses = there_and_back()
    acknowledge(world, world.groups[0].servers[0], START - 500)
    losses.finished()


def test_whoever_was_elected_next_had_it_once_and_was_made_to_forget_it() -> None:
    world, losses = there_and_back()
    acknowledge(world, world.groups[0].servers[0], START - 500)
    for server in world.groups[0].servers:
        turns = server.history.turns
        turns[:] = [replace(turn, replaced=frozenset({NEVER_WRITTEN})) for turn in turns]
    with pytest.raises(Violation, match="gone unexplained"):
        losses.finished()


def test_it_was_not_on_disk_when_its_server_died() -> None:
    world, losses = there_and_back()
    server = world.groups[0].servers[0]
    acknowledge(world, server, world.schedule.now - 2_000)
    server.history.died([*server.log, NEVER_WRITTEN], server.log)
    losses.finished()


def test_who_took_over_the_data_of_a_server_whose_disk_had_lost_it() -> None:
    world, losses = there_and_back()
    first, second = world.groups[0].servers
    acknowledge(world, first, world.schedule.now - 2_000)
    second.history.resynced([*first.log, NEVER_WRITTEN], Full("", tuple(first.log)))
    with pytest.raises(Violation, match="gone unexplained"):
        losses.finished()
    second.history.resynced([*first.log, NEVER_WRITTEN], Full("", tuple(first.log), frozenset({NEVER_WRITTEN})))
    losses.finished()


def test_only_a_minority_knew_who_took_it() -> None:
    world, losses = there_and_back()
    name, now = world.groups[0].name, world.schedule.now
    acknowledge(world, world.groups[0].servers[0], now)
    for host in world.sentinels[:2]:
        losses._note(host, name, world.groups[0].servers[1].node.ip)
    losses.finished()


def test_all_who_knew_who_was_elected_have_lost_their_disks() -> None:
    world, losses = there_and_back()
    first = world.groups[0].servers[0]
    acknowledge(world, first, world.schedule.now - 2_000)
    for host in world.sentinels[1:]:
        world.note_amnesia(host)
    with pytest.raises(Violation, match="gone unexplained"):
        losses.finished()
    world.note_amnesia(world.sentinels[0])
    losses.finished()


def test_who_begins_anew_with_the_first_master_knows_of_no_election() -> None:
    world, losses = there_and_back()
    for host in world.sentinels[:2]:
        world.note_amnesia(host)
        host.stop(told=True)
        host.disk.data = host.disk.template
        host.start()
    advance(world, world.schedule.now + 100)
    acknowledge(world, world.groups[0].servers[0], world.schedule.now)
    losses.finished()


@pytest.mark.parametrize("is_announced", [True, False])
def test_an_old_master_came_back_and_the_order_that_would_promote_it_never_arrived(is_announced: bool) -> None:
    world, losses = there_and_back()
    group = world.groups[0]
    first, second = group.servers
    acknowledge(world, first, world.schedule.now - 2_000)
    second.replicate(None)
    if is_announced:
        text = f"slave s {second.node.ip} 6379 @ {group.name} {first.node.ip} 6379"
        losses.told(world.sentinels[2], Notice(Event.PROMOTED_SLAVE, text, group.name))
    advance(world, world.schedule.now + 100)
    first.replicate(second.node.ip)
    if is_announced:
        losses.finished()
    else:
        with pytest.raises(Violation, match="gone unexplained"):
            losses.finished()


def test_who_was_a_master_when_its_promotion_was_announced_had_it_once() -> None:
    world, losses = there_and_back()
    group = world.groups[0]
    first, second = group.servers
    acknowledge(world, first, world.schedule.now - 2_000)
    second.history.resynced([*second.log, NEVER_WRITTEN], Full("", tuple(second.log)))
    second.replicate(None)
    text = f"slave s {second.node.ip} 6379 @ {group.name} {first.node.ip} 6379"
    losses.told(world.sentinels[2], Notice(Event.PROMOTED_SLAVE, text, group.name))
    advance(world, world.schedule.now + 100)
    first.replicate(second.node.ip)
    with pytest.raises(Violation, match="gone unexplained"):
        losses.finished()


def test_who_was_gone_back_to_first_is_no_excuse_by_being_announced_afterwards() -> None:
    world, losses = there_and_back()
    group = world.groups[0]
    first, second = group.servers
    acknowledge(world, first, world.schedule.now - 2_000)
    second.replicate(None)
    first.history.turned(world.schedule.now, second.node.ip, first.log)
    first.replicate(second.node.ip)
    advance(world, world.schedule.now + 100)
    text = f"slave s {second.node.ip} 6379 @ {group.name} {first.node.ip} 6379"
    losses.told(world.sentinels[2], Notice(Event.PROMOTED_SLAVE, text, group.name))
    with pytest.raises(Violation, match="gone unexplained"):
        losses.finished()


@pytest.mark.parametrize(
    ("classic", "aside", "excused"), [(0, True, True), (1, False, True), (0, False, False)], ids=["aside", "C", "ours"]
)
def test_the_master_was_made_to_follow_one_that_lacks_it_and_came_back(
    classic: int, aside: bool, excused: bool
) -> None:
    world, losses = there_and_back(replace(OPTIONS, classic=classic))
    first, second = world.groups[0].servers
    acknowledge(world, first, world.schedule.now - 2_000)
    target = (second.node.ip, 6379)
    order = StepAside(MoveId(1), target, 0) if aside else Reconfigure(InstanceId(1), target)
    losses.sent(world.sentinels[2], first.node.ip, order)
    advance(world, world.schedule.now + 10)
    first.history.turned(world.schedule.now, second.node.ip, [*first.log, NEVER_WRITTEN])
    if excused:
        losses.finished()
    else:
        with pytest.raises(Violation, match="gone unexplained"):
            losses.finished()
