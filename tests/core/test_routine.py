"""The short way for routine inputs leaves everything exactly as the long way does, and takes only what is routine."""

from quorate.core import inputs
from quorate.core.inputs import Input, Pong
from quorate.core.link import Link
from quorate.core.sentinel import Sentinel
from quorate.model.millis import Millis
from tests.core.scenes import BEHIND, MASTER, kill, master_of, scene, state_of
from tests.core.world import World


class _Thorough(Sentinel):
    """One that never takes the short way."""

    def take(self, now: Millis, event: Input) -> bool:
        del now, event
        return False


def _thorough_scene() -> World:
    world = scene()
    assert world.driver is not None
    world.driver._sentinel.__class__ = _Thorough
    return world


def _heard(link: Link) -> tuple[object, ...]:
    return (
        link.pending, link.silent_since, link.ponged, link.available, link.heard_pubsub, link.trouble, link.ping_slot,
        link.command_open, link.pubsub_open,
    )  # fmt: skip


def _all_heard(world: World) -> list[object]:
    master = master_of(world)
    links = [_heard(watched.link) for _, watched in state_of(world).instances.values()]
    return [links, [(p.last_hello, p.says_down, p.sdown) for p in master.peers.values()], master.sdown, world.out]


def test_both_ways_lead_through_the_same_life() -> None:
    short, long = scene(), _thorough_scene()
    for world in (short, long):
        world.run(4000)
    assert _all_heard(short) == _all_heard(long)
    for pong in (Pong.LOADING, Pong.BUSY, Pong.PONG):
        for world in (short, long):
            world.servers[BEHIND].pong = pong
            world.run(2500)
        assert _all_heard(short) == _all_heard(long), pong
    for world in (short, long):
        for conn in [conn for conn, order in world.conns.items() if order.port == BEHIND]:
            world.submit(inputs.PubSubSpoke(conn))
            world.submit(inputs.LinkRefused(conn, "NOAUTH"))
        world.run(1500)
        kill(world, MASTER)
        for puppet in world.puppets.values():
            puppet.says_down = True
        world.run(8000)
    assert _all_heard(short) == _all_heard(long)
    assert any("+switch-master" in line for line in short.out)


def test_what_is_not_routine_is_declined() -> None:
    world = scene()
    state = state_of(world)
    assert world.driver is not None
    conn = next(conn for conn, order in world.conns.items() if order.port == MASTER)
    known = next(iter(master_of(world).peers.values())).hello
    assert known is not None
    routine: list[Input] = [inputs.Pinged(conn, Pong.PONG, "PONG"), inputs.HelloSeen(None, known)]
    assert all(world.driver.take(world.now, event) for event in routine)
    assert not world.driver.take(world.now, inputs.Pinged(conn, Pong.LOADING, "LOADING"))
    assert not world.driver.take(world.now, inputs.Woke())
    news = inputs.HelloSeen(None, world.greeting(next(iter(world.puppets.values())), 9, MASTER, 9))
    assert not world.driver.take(world.now, news)
    master_of(world).sdown = True
    assert not world.driver.take(world.now, routine[0])
    master_of(world).sdown = False
    state.tilt_since = world.now
    assert not any(world.driver.take(world.now, event) for event in routine)
