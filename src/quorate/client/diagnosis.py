"""What is wrong with a deployment, in words, from what its sentinels say. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from quorate.client.picture import Master, Peer, Replica, Seen, SentinelPicture, Survey


class Health(Enum):
    """The verdict on the whole."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation. `code` is stable, for programs; `master` "" when it concerns a sentinel as a whole.

    `serious` findings make the deployment degraded; the others are worth knowing.
    """

    code: str
    serious: bool
    master: str
    text: str


def examine(survey: Survey, name: str | None = None) -> list[Finding]:
    """All findings about the master `name`, or about all masters; the serious ones first."""
    found = list(_findings(survey, name))
    return [f for f in found if f.serious] + [f for f in found if not f.serious]


def health(survey: Survey, findings: list[Finding]) -> Health:
    """One word for all."""
    if survey.asked is None:
        return Health.UNREACHABLE
    return Health.DEGRADED if any(finding.serious for finding in findings) else Health.HEALTHY


def _findings(survey: Survey, name: str | None) -> Iterator[Finding]:
    for failed in survey.failed:
        yield Finding(f"sentinel-{failed.trouble.value}", True, "", failed.text)
    if survey.asked is None:
        return
    for sentinel in (survey.asked, *survey.others):
        yield from _of_sentinel(sentinel)
    masters = [m for m in survey.asked.masters if name is None or m.name == name]
    if not masters:
        yield Finding("no-masters", True, "", f"{survey.asked.place} monitors no master")
    for master in masters:
        yield from _of_master(master)
        for replica in master.replicas:
            yield from _of_replica(master, replica)
        for peer in master.peers:
            yield from _of_peer(master, peer)
        yield from _of_quorum(master)
        for other in survey.others:
            yield from _disagreement(survey.asked, master, other)
    down = {p.seen.place for m in masters for p in m.peers if p.seen.down}
    for unread in survey.unread_peers:
        if unread.place not in down:
            yield Finding("peer-unread", False, "", f"a sentinel's view could not be compared: {unread.text}")


def _of_sentinel(sentinel: SentinelPicture) -> Iterator[Finding]:
    where = f"sentinel {sentinel.place}"
    if sentinel.tilt:
        yield Finding("tilt", True, "", f"{where} is in TILT: it distrusts its clock and starts no failover")
    if sentinel.own.save_error:
        text = (
            f"{where} cannot save its configuration ({sentinel.own.save_error}): it grants no vote and promotes nobody"
        )
        yield Finding("save-error", True, "", text)
    if sentinel.own.beyond_epoch:
        text = (
            f"{where} refuses the epoch of {sentinel.own.beyond_epoch}: the quorum cannot agree; stop those sentinels,"
            " lower current-epoch in their files, start them again"
        )
        yield Finding("epoch-beyond", True, "", text)
    elif sentinel.own.refused_epochs:
        count = sentinel.own.refused_epochs
        yield Finding("epoch-refused", False, "", f"{where} has refused an absurdly high epoch {count} times")


def _of_master(master: Master) -> Iterator[Finding]:
    seen = master.seen
    if "o_down" in seen.flags:
        yield Finding("master-odown", True, master.name, f"master {seen.place} is down, as agreed, {_why(seen)}")
    elif seen.down:
        yield Finding("master-sdown", True, master.name, f"master {seen.place} is down {_why(seen)}")
    elif seen.cut_off:
        yield Finding(
            "master-disconnected", True, master.name, f"the sentinel has no connection to master {seen.place}"
        )
    elif seen.trouble:
        yield Finding("master-trouble", True, master.name, f"master {seen.place}: {_refusal(seen.trouble)}")
    if "failover_in_progress" in seen.flags:
        state = master.failover_state or "unknown"
        yield Finding("failover", True, master.name, f"a failover is running (state {state})")
    if master.role_reported == "slave":
        yield Finding("wrong-role", True, master.name, f"{seen.place} should be master but says that it is a replica")
    if not master.replicas:
        yield Finding("no-replicas", True, master.name, "there is no replica, so nothing can take over")
    elif not any(_fit(replica) for replica in master.replicas):
        yield Finding("no-good-replica", True, master.name, "no replica is fit to become master now")


def _of_replica(master: Master, replica: Replica) -> Iterator[Finding]:
    seen = replica.seen
    if seen.down:
        yield Finding("replica-down", True, master.name, f"replica {seen.place} is down {_why(seen)}")
    elif seen.cut_off:
        text = f"the sentinel has no connection to replica {seen.place}"
        yield Finding("replica-disconnected", True, master.name, text)
    elif seen.trouble:
        yield Finding("replica-trouble", True, master.name, f"replica {seen.place}: {_refusal(seen.trouble)}")
    elif replica.link_up is False:
        text = f"replica {seen.place} has no link to its master"
        # A server that never had a link says minus one.
        if replica.link_down_for is not None and replica.link_down_for > 0:
            text += f", for {_span(replica.link_down_for)}"
        yield Finding("replica-unlinked", True, master.name, text)
    if replica.priority == 0:
        yield Finding("priority-0", False, master.name, f"replica {seen.place} has priority 0: it is never promoted")


def _of_peer(master: Master, peer: Peer) -> Iterator[Finding]:
    seen = peer.seen
    if seen.down:
        yield Finding("sentinel-down", True, master.name, f"sentinel {seen.place} is down {_why(seen)}")
    elif seen.cut_off:
        yield Finding("sentinel-disconnected", True, master.name, f"there is no connection to sentinel {seen.place}")
    elif seen.trouble:
        yield Finding("sentinel-trouble", True, master.name, f"sentinel {seen.place}: {_refusal(seen.trouble)}")


def _of_quorum(master: Master) -> Iterator[Finding]:
    if master.check is not None and not master.check.ok:
        yield Finding("no-quorum", True, master.name, f"no failover is possible: {master.check.text}")
    voters = len(master.peers) + 1
    if voters < 3:
        text = f"only {voters} sentinel{'s' if voters > 1 else ''}: with fewer than 3 the loss of one stops failover"
        yield Finding("few-sentinels", False, master.name, text)


def _disagreement(asked: SentinelPicture, ours: Master, other: SentinelPicture) -> Iterator[Finding]:
    theirs = other.master(ours.name)
    if theirs is None:
        text = f"sentinel {other.place} does not monitor {ours.name}"
        yield Finding("not-monitored", True, ours.name, text)
        return
    if ours.current != theirs.current and ours.current is not None and theirs.current is not None:
        text = f"sentinel {other.place} sends clients to {theirs.current}, {asked.place} to {ours.current}"
        yield Finding("address-disagreement", True, ours.name, text)
    if ours.config_epoch != theirs.config_epoch:
        text = (
            f"config epochs disagree: {asked.place} has {ours.config_epoch}, {other.place} has {theirs.config_epoch}"
            " (for moments after a failover; if it lasts, their hellos do not get through)"
        )
        yield Finding("epoch-disagreement", True, ours.name, text)
    if theirs.seen.down and not ours.seen.down:
        text = f"sentinel {other.place} holds the master for down {_why(theirs.seen)}"
        yield Finding("master-sdown-elsewhere", True, ours.name, text)
    if theirs.check is not None and not theirs.check.ok and (ours.check is None or ours.check.ok):
        text = f"sentinel {other.place} sees no quorum: {theirs.check.text}"
        yield Finding("no-quorum-elsewhere", True, ours.name, text)
    if ours.quorum != theirs.quorum:
        text = f"the quorum is {ours.quorum} on {asked.place} but {theirs.quorum} on {other.place}"
        yield Finding("quorum-differs", False, ours.name, text)


def _fit(replica: Replica) -> bool:
    return not replica.seen.down and not replica.seen.cut_off and replica.priority != 0


def _why(seen: Seen) -> str:
    since = f"for {_span(seen.down_for)}" if seen.down_for is not None else "now"
    if seen.trouble:
        return f"{since}: {_refusal(seen.trouble)}"
    if seen.refuses:
        return f"{since}: it answers, but with errors (a wrong auth-pass or auth-user, most often)"
    return since


def _refusal(text: str) -> str:
    """The error with which somebody answers a sentinel, named as what it is."""
    if text.startswith(("WRONGPASS", "ERR invalid password")):
        return f"it refuses the password of the sentinel ({text}); set auth-pass and auth-user right"
    if text.startswith("NOAUTH"):
        return f"it wants a password and the sentinel gives none ({text}); set auth-pass"
    if text.startswith("NOPERM"):
        return f"it does not give the sentinel's user the rights that it needs ({text})"
    return f"it answers with an error ({text})"


def _span(millis: int) -> str:
    seconds = millis / 1000
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
