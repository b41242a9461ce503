"""Records of failovers for tests: one in which every field says something, and short ones."""

from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.record import Cause, Contender, Ending, Entry, Record, Step, Vote, Voter

ME, PEER = Voter(RunId("a" * 40)), Voter(RunId("b" * 40), "127.0.0.1:26380")

FULL = Entry(
    began=1_700_000_000_000,
    record=Record(
        master=MasterName("mymaster"),
        cause=Cause.DOWN,
        ending=Ending.DONE,
        epoch=Epoch(7),
        old="127.0.0.1:6379",
        new="127.0.0.1:6381",
        leader=ME,
        told_by=PEER,
        quorum=2,
        voters=3,
        alone=True,
        down=(ME, PEER),
        votes=(Vote(ME, ME.id), Vote(PEER, ME.id)),
        known_offset=250,
        contenders=(
            Contender("127.0.0.1:6380", "c" * 40, 100, 100, chosen=False, reason="it is down"),
            Contender("127.0.0.1:6381", "d" * 40, 100, 200, chosen=True),
        ),
        steps=(Step("silent", -1002), Step("odown", 0), Step("stood", 0), Step("promoted", 4), Step("settled", 7)),
        lasted=7,
    ),
    attempts=2,
    first=1_699_999_999_000,
)
"""A failover in which nothing is left out."""


def brief(name: str = "mymaster", ending: Ending = Ending.DONE, epoch: int = 1, old: str = "127.0.0.1:6379") -> Record:
    """A record with little in it."""
    return Record(MasterName(name), Cause.DOWN, ending, Epoch(epoch), old, "127.0.0.1:6380", lasted=10)
