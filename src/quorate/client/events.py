"""What the events of a sentinel mean, in a sentence. The payloads are those of the protocol (Pub/Sub messages)."""

from dataclasses import dataclass
from enum import Enum


class Weight(Enum):
    """How much an event matters to somebody who watches."""

    BAD = "bad"
    GOOD = "good"
    STEP = "step"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class Meaning:
    """An event for people."""

    weight: Weight
    words: str


@dataclass(frozen=True, slots=True)
class Subject:
    """`<kind> <name> <ip> <port> [@ <master> <ip> <port>] [extra]`, the identifier that most events carry."""

    kind: str
    name: str
    host: str
    port: str
    master: str
    rest: str

    def __str__(self) -> str:
        where = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        word = {"slave": "replica"}.get(self.kind, self.kind)
        return f"{word} {where}"


def subject_of(payload: str) -> Subject | None:
    """The identifier at the beginning of a payload; None for other payloads."""
    words = payload.split(" ")
    if len(words) < 4 or words[0] not in {"master", "slave", "sentinel"}:
        return None
    kind, name, host, port, *rest = words
    if rest[:1] == ["@"] and len(rest) >= 4:
        return Subject(kind, name, host, port, rest[1], " ".join(rest[4:]))
    return Subject(kind, name, host, port, name if kind == "master" else "", " ".join(rest))


def master_of(channel: str, payload: str) -> str:
    """The name of the master that an event is about, "" if it does not say."""
    if channel == "+switch-master":
        return payload.split(" ", 1)[0]
    subject = subject_of(payload)
    return "" if subject is None else subject.master


def switched(payload: str) -> tuple[str, str, int, str, int] | None:
    """`+switch-master`: (name, old host, old port, new host, new port)."""
    words = payload.split(" ")
    if len(words) != 5 or not words[2].isdecimal() or not words[4].isdecimal():
        return None
    return words[0], words[1], int(words[2]), words[3], int(words[4])


def explain(channel: str, payload: str) -> Meaning:
    """The event in a sentence; an unknown one keeps its payload."""
    if channel == "+switch-master":
        move = switched(payload)
        if move is not None:
            return Meaning(Weight.GOOD, f"{move[0]} moved: {move[1]}:{move[2]} -> {move[3]}:{move[4]}")
    if channel == "+new-epoch":
        return Meaning(Weight.DETAIL, f"the epoch is now {payload}")
    if channel == "+vote-for-leader":
        leader, _, epoch = payload.partition(" ")
        return Meaning(Weight.DETAIL, f"votes for {leader[:8]} as leader of epoch {epoch}")
    if channel in {"+tilt", "-tilt"}:
        weight = Weight.BAD if channel == "+tilt" else Weight.GOOD
        return Meaning(weight, "distrusts its clock and decides nothing" if channel == "+tilt" else "decides again")
    known = _MEANINGS.get(channel)
    subject = subject_of(payload)
    if channel in {"+role-change", "-role-change"} and subject is not None:
        role = "master" if subject.rest.endswith("master") else "replica"
        return Meaning(Weight.DETAIL, f"{subject} now says that it is a {role}")
    if known is None or (subject is None and "{}" in known.words):
        return Meaning(Weight.DETAIL, payload)
    extra = f" ({subject.rest.lstrip('#')})" if subject is not None and subject.rest and channel != "+monitor" else ""
    return Meaning(known.weight, known.words.format(subject) + extra)


_MEANINGS = {
    "+monitor": Meaning(Weight.DETAIL, "watches {}"),
    "-monitor": Meaning(Weight.STEP, "no longer watches {}"),
    "+sdown": Meaning(Weight.BAD, "{} does not answer"),
    "-sdown": Meaning(Weight.GOOD, "{} answers again"),
    "+odown": Meaning(Weight.BAD, "agreed: {} is down"),
    "-odown": Meaning(Weight.GOOD, "{} is no longer agreed to be down"),
    "+try-failover": Meaning(Weight.STEP, "starts a failover of {}"),
    "+elected-leader": Meaning(Weight.STEP, "leads the failover of {}"),
    "+failover-state-select-slave": Meaning(Weight.DETAIL, "looks for the best replica of {}"),
    "+selected-slave": Meaning(Weight.STEP, "chose {} to become master"),
    "+failover-state-send-slaveof-noone": Meaning(Weight.DETAIL, "tells {} to become master"),
    "+failover-state-wait-promotion": Meaning(Weight.DETAIL, "waits for {} to become master"),
    "+promoted-slave": Meaning(Weight.GOOD, "{} has become master"),
    "+failover-state-reconf-slaves": Meaning(Weight.DETAIL, "points the other replicas to the new master"),
    "+slave-reconf-sent": Meaning(Weight.DETAIL, "tells {} to follow it"),
    "+slave-reconf-inprog": Meaning(Weight.DETAIL, "{} syncs with the new master"),
    "+slave-reconf-done": Meaning(Weight.STEP, "{} follows the new master"),
    "-slave-reconf-sent-timeout": Meaning(Weight.BAD, "{} did not follow in time"),
    "+slave-reconf-sent-be": Meaning(Weight.DETAIL, "tells {} to follow it, at the end"),
    "+failover-end": Meaning(Weight.STEP, "the failover of {} is complete"),
    "+failover-end-for-timeout": Meaning(Weight.BAD, "the failover of {} ended by its time limit"),
    "-failover-abort-not-elected": Meaning(Weight.BAD, "gave up the failover: no majority for a leader"),
    "-failover-abort-no-good-slave": Meaning(Weight.BAD, "gave up the failover: no replica is fit for it"),
    "-failover-abort-slave-timeout": Meaning(Weight.BAD, "gave up the failover: the replica did not become master"),
    "+config-update-from": Meaning(Weight.DETAIL, "hears of it from {}"),
    "+slave": Meaning(Weight.DETAIL, "knows {}"),
    "+sentinel": Meaning(Weight.DETAIL, "knows {}"),
    "+reboot": Meaning(Weight.STEP, "{} was restarted"),
    "+convert-to-slave": Meaning(Weight.STEP, "turns {} back into a replica"),
    "+fix-slave-config": Meaning(Weight.STEP, "points {} to the right master"),
    "+reset-master": Meaning(Weight.STEP, "forgot what it knew of {}"),
    "-save-error": Meaning(Weight.BAD, "cannot save its configuration"),
    "+save-error-cleared": Meaning(Weight.GOOD, "can save its configuration again"),
    "+config-conflict": Meaning(Weight.BAD, "hears of another master under the same epoch: {}"),
    "+config-settled": Meaning(Weight.GOOD, "settles which of two masters it is: {}"),
    "+move-begun": Meaning(Weight.STEP, "moves the master to {}"),
    "+move-left-to-server": Meaning(Weight.STEP, "{} changes places by itself"),
    "+move-paused": Meaning(Weight.STEP, "{} holds its writes"),
    "+move-caught-up": Meaning(Weight.DETAIL, "{} has all of them"),
    "+move-stepped-aside": Meaning(Weight.STEP, "{} is a replica now"),
    "-move-undone": Meaning(Weight.BAD, "writes go on at {}"),
    "-failover-abort-move": Meaning(Weight.BAD, "gave up the move of {}"),
    "-failover-abort-leaving": Meaning(Weight.BAD, "gave up the failover of {}: it was told to end"),
    "+crashed": Meaning(Weight.BAD, "the process of {} is gone: a majority was refused, and its replicas lost it"),
    "-crashed": Meaning(Weight.STEP, "the process of {} answers again, or a replica hears it"),
    "+confirm-wait": Meaning(Weight.STEP, "waits with the failover of {}: replicas hear it"),
    "-confirm-wait": Meaning(Weight.STEP, "no replica hears {} any more"),
    "+confirm-timeout": Meaning(Weight.BAD, "fails {} over though replicas hear it: the time for that is up"),
    "-failover-abort-master-alive": Meaning(Weight.BAD, "gave up the failover of {}: its process lives after all"),
    "+move-left-over": Meaning(Weight.STEP, "ends a move of {} whose leader is gone"),
    "+forced-without-majority": Meaning(Weight.BAD, "goes on with the failover of {} without a majority"),
}
