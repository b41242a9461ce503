"""`quorate status --json`: the survey as one JSON object. Stable: fields are added, never renamed or removed.

    format      1
    health      healthy, degraded, unreachable
    sentinel    the sentinel whose view this is: address, id, version, uptime_ms, tilt, current_epoch (null unless it
                tells), save_error (empty while saves work); null when none answered
    masters     a list, each: name, address (where clients are sent), monitored (the address in the configuration), up,
                flags, quorum, usable_sentinels, quorum_ok, config_epoch, down_after_ms, failover_timeout_ms,
                failover_state (null when none runs), last_failover_ms_ago (null: never, or before this sentinel
                started), offset, replicas, sentinels, outlook (null without --why)
    replicas    each: address, up, flags, link_up, offset, lag_bytes, lag_s, priority, last_ok_ping_ms_ago
    sentinels   the others, each: address, id, up, flags, config_epoch (null if it was not read), last_hello_ms_ago
    outlook     would a failover succeed now, and to whom: would_succeed, promoted (address or null), computed (true:
                a C sentinel does not tell), quorum_reached, majority_reached, in_progress, wait_ms (this sentinel
                starts none before), max_lag_bytes (0: no limit), directives (what is in force of those that only we
                know, as texts), refused (in which words the master does not let the sentinel in, else empty),
                candidates, others (sentinel and promoted, for each one that would promote somebody else)
    candidates  each, the chosen one first: address, verdict (chosen, fit, refused), reason, offset, behind_bytes,
                priority, tag
    problems    each: code, serious, master ("" for a sentinel as a whole), text

Numbers that a sentinel did not tell are null. Texts are for people; programs use `code`.
"""

import json
from typing import Any

from quorate.cli.tables import last_failover_ago
from quorate.client.diagnosis import Finding, health
from quorate.client.picture import Master, Place, Replica, SentinelPicture, Survey


def render(survey: Survey, findings: list[Finding], name: str | None) -> str:
    """One line of JSON. Bytes that are not UTF-8 become replacement characters."""
    asked = survey.asked
    masters = [] if asked is None else [m for m in asked.masters if name is None or m.name == name]
    document = {
        "format": 1,
        "health": health(survey, findings).value,
        "sentinel": None if asked is None else _sentinel(asked),
        "masters": [_master(survey, asked, master) for master in masters if asked is not None],
        "problems": [{"code": f.code, "serious": f.serious, "master": f.master, "text": f.text} for f in findings],
    }
    text = json.dumps(document, ensure_ascii=False)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _sentinel(picture: SentinelPicture) -> dict[str, Any]:
    return {
        "address": str(picture.place),
        "id": picture.myid,
        "version": picture.version,
        "uptime_ms": picture.uptime,
        "tilt": picture.tilt,
        "current_epoch": picture.own.current_epoch,
        "save_error": picture.own.save_error,
    }


def _master(survey: Survey, asked: SentinelPicture, master: Master) -> dict[str, Any]:
    views = {view.myid: view for view in survey.others if view.myid}
    return {
        "name": master.name,
        "address": None if master.current is None else str(master.current),
        "monitored": str(master.seen.place),
        "up": not master.seen.down and not master.seen.cut_off,
        "flags": list(master.seen.flags),
        "quorum": master.quorum,
        "usable_sentinels": None if master.check is None else master.check.usable,
        "quorum_ok": None if master.check is None else master.check.ok,
        "config_epoch": master.config_epoch,
        "down_after_ms": master.seen.down_after,
        "failover_timeout_ms": master.failover_timeout,
        "failover_state": master.failover_state or None,
        "last_failover_ms_ago": last_failover_ago(asked, master),
        "offset": None if master.replication is None else master.replication.offset,
        "outlook": _outlook(survey, asked, master),
        "replicas": [_replica(master, replica) for replica in master.replicas],
        "sentinels": [
            {
                "address": str(peer.seen.place),
                "id": peer.seen.run_id,
                "up": not peer.seen.down and not peer.seen.cut_off,
                "flags": list(peer.seen.flags),
                "config_epoch": _epoch(views.get(peer.seen.run_id), master.name),
                "last_hello_ms_ago": peer.last_hello,
            }
            for peer in master.peers
        ],
    }


def _outlook(survey: Survey, asked: SentinelPicture, master: Master) -> dict[str, Any] | None:
    outlook = survey.outlooks.get(asked.place, {}).get(master.name)
    if outlook is None:
        return None
    theirs = {other.place: survey.outlooks.get(other.place, {}).get(master.name) for other in survey.others}
    return {
        "would_succeed": outlook.succeeds,
        "promoted": _shown(outlook.chosen),
        "computed": outlook.guessed,
        "quorum_reached": outlook.agreed,
        "majority_reached": outlook.elected,
        "in_progress": outlook.running,
        "wait_ms": outlook.wait,
        "max_lag_bytes": outlook.max_lag,
        "directives": list(outlook.directives),
        "refused": outlook.refused,
        "candidates": [
            {
                "address": str(one.place),
                "verdict": one.verdict.value,
                "reason": one.reason,
                "offset": one.offset,
                "behind_bytes": one.behind,
                "priority": one.priority,
                "tag": one.tag,
            }
            for one in outlook.contenders
        ],
        "others": [
            {"sentinel": str(place), "promoted": _shown(other.chosen)}
            for place, other in theirs.items()
            if other is not None and other.chosen != outlook.chosen
        ],
    }


def _shown(place: Place | None) -> str | None:
    return None if place is None else str(place)


def _replica(master: Master, replica: Replica) -> dict[str, Any]:
    lag = None if master.replication is None else master.replication.lags.get(replica.seen.place)
    return {
        "address": str(replica.seen.place),
        "up": not replica.seen.down and not replica.seen.cut_off,
        "flags": list(replica.seen.flags),
        "link_up": replica.link_up,
        "offset": replica.offset,
        "lag_bytes": None if lag is None else lag.behind,
        "lag_s": None if lag is None else lag.acknowledged,
        "priority": replica.priority,
        "last_ok_ping_ms_ago": replica.seen.last_ok_ping,
    }


def _epoch(view: SentinelPicture | None, name: str) -> int | None:
    master = None if view is None else view.master(name)
    return None if master is None else master.config_epoch
