"""Faults of the network: weather, cuts, refusals, connections that somebody in between forgot."""

from collections.abc import Iterable

from quorate.model.millis import Millis
from quorate.sim.faults import Aim, Kind, Planned
from quorate.sim.faults_scene import Scene, Struck
from quorate.sim.network import Node, Weather
from quorate.sim.troubles import Way


def weather(scene: Scene, fault: Planned) -> Struck | None:
    """Slow, uneven or lossy, everywhere."""
    book = scene.world.troubles
    calm = book.calm
    match fault.kind:
        case Kind.DELAY:
            new, what = Weather(fault.amount, calm.jitter, calm.loss), f"{fault.amount} ms from node to node"
        case Kind.JITTER:
            new, what = Weather(calm.latency, fault.amount, calm.loss), f"up to {fault.amount} ms more or less"
        case _:
            new, what = Weather(calm.latency, calm.jitter, fault.amount), f"{fault.amount} % of packets lost"
    book.weather(fault.number, new)
    return Struck(what, lambda: book.weather(fault.number, None))


def partition(scene: Scene, fault: Planned) -> Struck | None:
    """Two sides that cannot reach each other, or of which one cannot reach the other; every `amount` ms two others."""
    target = scene.target(fault.aim)
    if target is None:
        return None
    book = scene.world.troubles
    first = _side(scene, target)
    book.cut(fault.number, _between(scene, first, both=fault.kind is Kind.PARTITION))
    if fault.amount:
        _drift(scene, fault, target)
    arrow = "|" if fault.kind is Kind.PARTITION else "-x->"
    return Struck(f"{' '.join(node.name for node in first)} {arrow} rest", lambda: book.cut(fault.number, frozenset()))


def _drift(scene: Scene, fault: Planned, target: Node) -> None:
    book = scene.world.troubles
    period: Millis = max(100, fault.amount)

    def move() -> None:
        if book.cuts.get(fault.number):
            book.cut(fault.number, _between(scene, _side(scene, target), both=fault.kind is Kind.PARTITION))
            scene.world.schedule.after(period, move)

    scene.world.schedule.after(period, move)


def _side(scene: Scene, target: Node) -> list[Node]:
    """The target with nobody, or with about a third of the others: often enough a minority with the master."""
    side = [target]
    if not scene.dice.chance(40):
        side += [node for node in scene.everybody() if node is not target and scene.dice.chance(35)]
    return side


def _between(scene: Scene, side: Iterable[Node], *, both: bool) -> frozenset[Way]:
    inside = {node.ip for node in side}
    outside = [node.ip for node in scene.everybody() if node.ip not in inside]
    ways = [(a, b) for a in sorted(inside) for b in outside]
    if both:
        ways += [(b, a) for a, b in ways]
    elif scene.dice.chance(50):
        ways = [(b, a) for a, b in ways]
    return frozenset(ways)


def reject(scene: Scene, fault: Planned) -> Struck | None:
    """A firewall that answers with resets."""
    target = scene.target(fault.aim)
    if target is None:
        return None
    book = scene.world.troubles
    side = _side(scene, target)
    book.refuse(fault.number, _between(scene, side, both=scene.dice.chance(70)))
    what = f"{' '.join(node.name for node in side)} refused by the rest"
    return Struck(what, lambda: book.refuse(fault.number, frozenset()))


def forget(scene: Scene, fault: Planned) -> Struck | None:
    """Connections die without word; whoever makes new ones has two for a while."""
    target = scene.target(fault.aim if scene.dice.chance(80) else Aim.SENTINEL)
    if target is None:
        return None
    scene.world.network.forget(target)
    return Struck(f"the connections of {target.name} are dead", lambda: None)
