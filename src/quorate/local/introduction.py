"""Makes the sentinels known to each other at once, by the messages with which they would do it themselves.

Every two seconds each sentinel publishes a hello on the servers and to the sentinels that it knows; a new cluster
would need two rounds of that before it survives the death of its master. `up` knows all of them and says it first.
"""

import asyncio

from quorate.client.aio import Access, Line, Request, UnreadableError
from quorate.local.plan import HOST, Kind, Plan
from quorate.model.hello import HELLO_CHANNEL, Hello
from quorate.model.identity import Epoch, MasterName, RunId, text_of
from quorate.wire.hello import format_hello


async def introduce(plan: Plan, master: int) -> None:
    """Tell each sentinel of all others. What cannot be told they find out themselves."""
    sentinels = [member for member in plan.members() if member.kind is Kind.SENTINEL]
    try:
        lines = await asyncio.gather(*(Line.open(member.place, Access()) for member in sentinels))
    except UnreadableError:
        return
    try:
        ids = {line.place.port: str((await line.ask(("SENTINEL", "MYID")))[0]) for line in lines}
        for line in lines:
            greetings: list[Request] = [
                ("PUBLISH", HELLO_CHANNEL, _hello(port, myid, plan, master))
                for port, myid in ids.items()
                if port != line.place.port
            ]
            if greetings:
                await line.ask(*greetings)
    except UnreadableError:
        return
    finally:
        for line in lines:
            await line.close()


def _hello(port: int, myid: str, plan: Plan, master: int) -> str:
    """What the sentinel on `port` would say, with epochs that change nothing."""
    name = MasterName(plan.name)
    return text_of(format_hello(Hello(HOST, port, RunId(myid), Epoch(0), name, HOST, master, Epoch(0))))
