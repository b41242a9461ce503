"""Would a failover succeed now, and to whom? The answer for people, by the rules by which a leader decides."""

from quorate.core import choosing, denial
from quorate.core.selection import Reason, Selection
from quorate.core.state import Master, Replica, State
from quorate.core.view import CandidateView, OutlookView, QuorumCheck, Verdict
from quorate.model.millis import Millis


def outlook(state: State, now: Millis, master: Master, check: QuorumCheck) -> OutlookView:
    """Every replica of a master with what would become of it, the chosen one first and the refused last."""
    choice = choosing.look(state, now, master)
    by_name = {replica.name: replica for replica in master.replicas}
    order = [*(candidate.name for candidate in choice.suitable), *(name for name, _ in choice.refused)]
    return OutlookView(
        check=check,
        candidates=tuple(_candidate(state, master, choice, by_name[name]) for name in order),
        running=master.failover is not None,
        wait=max(0, master.no_start_before - now),
        max_lag=master.settings.max_lag,
        settings=master.settings,
        trouble=master.link.trouble if denial.holds(now, master.link.denied, master.settings.down_after) else "",
    )


def _candidate(state: State, master: Master, choice: Selection, replica: Replica) -> CandidateView:
    verdict, reason = _verdict(choice, replica.name)
    tag = choosing.tag_of(state, master, replica.address)
    return CandidateView(
        name=replica.name,
        ip=replica.address.shown(state.settings.announce_hostnames),
        port=replica.address.port,
        priority=replica.priority,
        offset=replica.offset,
        behind=None if replica.name in choice.strangers else max(0, choice.highest - replica.offset),
        tag=tag.value if tag is not None else "",
        verdict=verdict,
        reason=reason,
    )


def _verdict(choice: Selection, name: str) -> tuple[Verdict, str]:
    if name == choice.chosen:
        return Verdict.CHOSEN, ""
    refused: dict[str, Reason] = dict(choice.refused)
    if name in refused:
        return Verdict.REFUSED, refused[name].value
    candidate = next(candidate for candidate in choice.suitable if candidate.name == name)
    return Verdict.FIT, choice.edge(candidate).value
