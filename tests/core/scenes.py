"""Ready-made beginnings for tests: one master, two replicas, two peers, all well for three seconds."""

from collections.abc import Sequence

from quorate.core import inputs
from quorate.core.state import Master, State
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, RunId
from tests.core.world import HOST, ME, NAME, Puppet, Server, World, run_id

MASTER, BEHIND, AHEAD = 6379, 6380, 6381
"""Ports of the master, of a replica with less data, and of one with more."""


def scene(peers: Sequence[str] = ("b", "c"), kind: str = "ours", **options: int) -> World:
    """A world after three healthy seconds. `options` are World's: quorum, down_after, failover_timeout, …"""
    world = World(**options)  # type: ignore[arg-type]
    for port, offset in ((MASTER, 0), (BEHIND, 100), (AHEAD, 200)):
        follows = None if port == MASTER else MASTER
        world.servers[port] = Server(port, follows, offset=offset, run_id=f"{port:040d}")
    for i, letter in enumerate(peers):
        world.puppets[26380 + i] = Puppet(letter, 26380 + i, ours=kind == "ours")
    world.start()
    world.run(3000)
    world.out.clear()
    return world


def tail(world: World) -> list[str]:
    """What was told since the last call, without times and remarks."""
    told = [line[9:] for line in world.out if not line[9:].startswith("#")]
    world.out.clear()
    return told


def names(world: World) -> list[str]:
    """The first words of what was told: events, and `->` for orders to servers."""
    return [line.split()[0] for line in tail(world)]


def state_of(world: World) -> State:
    """What the sentinel knows."""
    assert world.driver is not None
    return world.driver._sentinel._state


def master_of(world: World) -> Master:
    """What it knows of the master."""
    return state_of(world).masters[NAME]


def kill(world: World, port: int) -> None:
    """A server or puppet dies."""
    if port in world.servers:
        world.servers[port].up = False
    else:
        world.puppets[port].up = False
    world.break_links(port)


def agree(world: World) -> None:
    """Every puppet sees the master down."""
    for puppet in world.puppets.values():
        puppet.says_down = True


def dying(world: World) -> World:
    """The master has just died and everybody agrees; what happens next is up to the votes."""
    kill(world, MASTER)
    agree(world)
    return world


def until(world: World, event: str) -> None:
    """Let time pass to the very millisecond of an event."""
    for _ in range(3000):
        if any(line[9:].startswith(event) for line in world.out):
            return
        world.run(1)
    raise AssertionError(f"no {event}")


def vote(world: World, how: str) -> None:
    """Every puppet votes like this: grant, refuse or silent."""
    for puppet in world.puppets.values():
        puppet.vote = how


def greet(world: World, hello: Hello) -> None:
    """A hello is published to us."""
    world.submit(inputs.HelloSeen(None, hello))


def hello_of(
    letter: str, port: int, epochs: tuple[int, int] = (0, 0), master: tuple[str, int] = (HOST, MASTER)
) -> Hello:
    """A hello as a peer would write it: its letter and port, current and config epoch, the master's address."""
    current, config = epochs
    return Hello(HOST, port, run_id(letter), Epoch(current), NAME, master[0], master[1], Epoch(config))


def vote_of(world: World) -> tuple[RunId | None, int]:
    """For whom we voted last, and in which epoch."""
    master = master_of(world)
    return master.leader, master.leader_epoch


__all__ = ["AHEAD", "BEHIND", "HOST", "MASTER", "ME", "NAME", "run_id"]
