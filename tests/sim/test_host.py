"""A simulated process takes no input in before all is done that follows from the last one, as a real one does."""

from quorate.core.inputs import Input, VoteRequested
from quorate.core.outcome import Opinion, Result
from quorate.core.requests import AskDown, InstanceId
from quorate.model.identity import Epoch, RunId
from quorate.model.notice import Event, Notice
from quorate.sim.host import PORT, SentinelHost
from quorate.sim.network import End, Node
from quorate.sim.world import Observer
from tests.sim.scenarios.stage import Stage


class Order(Observer):
    """Which votes were cast and told, in the order in which that happened."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.VOTE_FOR_LEADER:
            self.seen.append(f"{host.node.name} votes in {notice.text.split()[1]}")

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        if isinstance(question, VoteRequested) and isinstance(result, Opinion):
            self.seen.append(f"{host.node.name} tells its vote in {result.leader_epoch}")


class Asker:
    """A process that holds connections and minds no answers."""

    def opened(self, end: End) -> None:
        pass

    def received(self, end: End, message: object) -> None:
        pass

    def ended(self, end: End, reason: str) -> None:
        pass


def test_a_question_behind_another_is_put_at_once_and_answered_after_it() -> None:
    stage = Stage()
    stage.build({})
    stage.run(15_000)
    world, host, order = stage.world, stage.sentinel("s0"), Order()
    node, master = Node("asker", "10.0.9.9"), world.groups[0].servers[0].node
    world.network.add(node)
    first, second = (world.network.connect(node, Asker(), host.node.ip, PORT) for _ in range(2))
    stage.run(100)
    world.observers.append(order)
    host.disk.delay = 50

    def ask(end: End, epoch: int) -> None:
        end.send(AskDown(InstanceId(0), master.ip, 6379, Epoch(epoch), RunId("b" * 40)))

    ask(first, 5)
    ask(first, 6)
    ask(second, 5)
    stage.run(300)
    # Two saves: of the first vote, which was under way when the second came, and of that.
    assert order.seen == [
        "s0 votes in 5",
        "s0 votes in 6",
        "s0 tells its vote in 5",
        "s0 tells its vote in 6",
        "s0 tells its vote in 6",
    ]
