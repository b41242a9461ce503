"""Replies of a sentinel or server (RESP2, text) to pictures. A missing or odd field becomes None, never an error."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from quorate.client.picture import (
    Contender,
    Lag,
    Master,
    Outlook,
    Own,
    Peer,
    Place,
    Quorum,
    Replica,
    Replication,
    Seen,
    SentinelPicture,
    Verdict,
)

Fields: TypeAlias = Mapping[str, str]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """A line from outside without what would move the cursor, or more, on the terminal of whoever reads it."""
    return _CONTROL.sub("?", text)


def fields_of(reply: object) -> dict[str, str]:
    """A flat list of keys and values, or a map, as a dictionary of texts."""
    if isinstance(reply, Mapping):
        return {plain(str(k)): plain(str(v)) for k, v in reply.items()}
    if not isinstance(reply, Sequence) or isinstance(reply, str | bytes):
        return {}
    return {plain(str(k)): plain(str(v)) for k, v in zip(reply[::2], reply[1::2], strict=False)}


def instances_of(reply: object) -> list[dict[str, str]]:
    """The instances of SENTINEL MASTERS, REPLICAS or SENTINELS; none for an error reply."""
    if not isinstance(reply, Sequence) or isinstance(reply, str | bytes):
        return []
    return [fields for fields in map(fields_of, reply) if "name" in fields]


def info_of(reply: object) -> dict[str, str]:
    """The `key:value` lines of INFO."""
    if not isinstance(reply, str):
        return {}
    pairs = (line.partition(":") for line in reply.splitlines() if line and not line.startswith("#"))
    return {plain(key): plain(value.strip()) for key, colon, value in pairs if colon}


def place_of(reply: object) -> Place | None:
    """The pair of SENTINEL GET-MASTER-ADDR-BY-NAME."""
    if not isinstance(reply, Sequence) or isinstance(reply, str | bytes) or len(reply) != 2:
        return None
    port = number(str(reply[1]))
    return None if port is None else Place(plain(str(reply[0])), port)


def master_of(fields: Fields) -> Master:
    """The master alone; `with_details` adds the rest."""
    return Master(
        _seen(fields),
        quorum=number(fields.get("quorum")),
        config_epoch=number(fields.get("config-epoch")),
        failover_timeout=number(fields.get("failover-timeout")),
        failover_state=fields.get("failover-state", ""),
        role_reported=fields.get("role-reported", ""),
        role_reported_for=number(fields.get("role-reported-time")),
        info_age=number(fields.get("info-refresh")),
    )


def with_details(master: Master, replies: Sequence[object]) -> Master:
    """Add the replies to GET-MASTER-ADDR-BY-NAME, REPLICAS, SENTINELS, CKQUORUM and INFO-CACHE, in that order."""
    current, replicas, peers, check, cache = replies
    return replace(
        master,
        current=place_of(current),
        replicas=tuple(sorted(map(_replica, instances_of(replicas)), key=lambda r: _order(r.seen.place))),
        peers=tuple(sorted(map(_peer, instances_of(peers)), key=lambda p: _order(p.seen.place))),
        check=quorum_of(check),
        replication=_cached_replication(cache),
    )


def quorum_of(reply: object) -> Quorum | None:
    """CKQUORUM's answer: a status, or an error (as an exception or a text that begins with its code)."""
    text = plain(str(reply))
    if isinstance(reply, Exception):
        if "usable Sentinels" not in text:
            return None
        text = text.removeprefix("NOQUORUM ")
        return Quorum(False, number(text.split(" ", 1)[0]), text)
    text = text.removeprefix("OK ")
    return Quorum(True, number(text.split(" ", 1)[0]), text) if isinstance(reply, str) else None


def outlook_of(reply: object) -> Outlook | None:
    """SENTINEL CANDIDATES, which only our own sentinels know; None for an error."""
    if not isinstance(reply, Sequence) or isinstance(reply, str | bytes) or len(reply) % 2:
        return None
    parts = dict(zip(map(str, reply[::2]), reply[1::2], strict=True))
    found = fields_of([part for key, value in parts.items() if key != "candidates" for part in (key, value)])
    return Outlook(
        usable=number(found.get("usable-sentinels")),
        voters=number(found.get("voters")) or 1,
        quorum=number(found.get("quorum")),
        contenders=tuple(_contender(fields) for fields in instances_of(parts.get("candidates"))),
        running=found.get("failover-in-progress") == "1",
        wait=number(found.get("wait")) or 0,
        max_lag=number(found.get("candidate-max-lag")) or 0,
        directives=tuple(_directives(found)),
        refused=found.get("refused", ""),
    )


def _directives(found: Fields) -> Iterator[str]:
    """The directives of evidence that are in force; a timeout means something only beside its directive."""
    detection = found.get("crash-detection", "no")
    if detection != "no":
        yield f"crash-detection {detection}"
    if found.get("confirm-by-replicas") == "yes":
        yield f"confirm-by-replicas yes (at most {number(found.get('confirm-timeout')) or 0} ms)"


def _contender(fields: Fields) -> Contender:
    word = fields.get("verdict")
    return Contender(
        Place(fields.get("ip", "?"), number(fields.get("port")) or 0),
        next((verdict for verdict in Verdict if verdict.value == word), Verdict.REFUSED),
        fields.get("reason", ""),
        number(fields.get("slave-repl-offset")),
        number(fields.get("behind")),
        number(fields.get("slave-priority")),
        fields.get("tag", ""),
    )


def replication_of(info: Fields, age: int = 0) -> Replication:
    """The offsets in a master's INFO."""
    offset = number(info.get("master_repl_offset"))
    lags: dict[Place, Lag] = {}
    for key, value in info.items():
        if key.startswith("slave") and key[5:].isdecimal():
            parts = dict(part.partition("=")[::2] for part in value.split(","))
            port, at = number(parts.get("port")), number(parts.get("offset"))
            if port is not None and at is not None:
                behind = max(0, (offset or 0) - at)
                lag = Lag(at, behind, number(parts.get("lag")), parts.get("state", ""))
                lags[Place(parts.get("ip", ""), port)] = lag
    return Replication(age, offset, lags)


def sentinel_of(place: Place, info: Fields, myid: object, masters: Iterable[Master]) -> SentinelPicture:
    """Put the parts of one sentinel together."""
    uptime = number(info.get("uptime_in_seconds"))
    valkey = info.get("valkey_version")
    classic = f"Redis {info['redis_version']}" if "redis_version" in info else ""
    shown = f"Valkey {valkey}" if valkey else classic
    # Which program a Quorate sentinel passes for is its mode; its own fields in INFO tell what it is.
    own = Own({k.removeprefix("quorate_"): v for k, v in info.items() if k.startswith("quorate_")})
    lines = (value.partition(" ") for key, value in info.items() if key.startswith("quorate_trouble"))
    troubles = {address: text for address, _, text in lines}
    return SentinelPicture(
        place,
        myid=plain(myid) if isinstance(myid, str) else "",
        version=f"Quorate as {shown}" if own.fields else shown,
        uptime=None if uptime is None else uptime * 1000,
        tilt=info.get("sentinel_tilt") == "1",
        own=own,
        masters=tuple(sorted((_with_troubles(m, troubles) for m in masters), key=lambda m: m.name)),
    )


def _with_troubles(master: Master, troubles: Mapping[str, str]) -> Master:
    """`quorate_troubleN:host:port text`: who answers our sentinel but refuses it, and in which words."""
    if not troubles:
        return master

    def told(seen: Seen) -> Seen:
        return replace(seen, trouble=troubles.get(str(seen.place), ""))

    return replace(
        master,
        seen=told(master.seen),
        replicas=tuple(replace(replica, seen=told(replica.seen)) for replica in master.replicas),
        peers=tuple(replace(peer, seen=told(peer.seen)) for peer in master.peers),
    )


def number(text: str | None) -> int | None:
    """A decimal integer, or None."""
    if text is None:
        return None
    digits = text[1:] if text[:1] == "-" else text
    # A number of thousands of digits would make int() raise; no field of the protocol has more than twenty.
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 20 else None


def _seen(fields: Fields) -> Seen:
    down = number(fields.get("s-down-time"))
    objectively = number(fields.get("o-down-time"))
    return Seen(
        name=fields["name"],
        place=Place(fields.get("ip", "?"), number(fields.get("port")) or 0),
        run_id=fields.get("runid", ""),
        flags=tuple(flag for flag in fields.get("flags", "").split(",") if flag),
        last_ping=number(fields.get("last-ping-reply")),
        last_ok_ping=number(fields.get("last-ok-ping-reply")),
        down_for=down if down is not None else objectively,
        down_after=number(fields.get("down-after-milliseconds")),
    )


def _replica(fields: Fields) -> Replica:
    status = fields.get("master-link-status")
    host, port = fields.get("master-host", "?"), number(fields.get("master-port"))
    return Replica(
        _seen(fields),
        link_up=None if status is None else status == "ok",
        link_down_for=number(fields.get("master-link-down-time")),
        master=None if host == "?" or not port else Place(host, port),
        priority=number(fields.get("slave-priority")),
        offset=number(fields.get("slave-repl-offset")),
        announced=fields.get("replica-announced") != "0",
        info_age=number(fields.get("info-refresh")),
    )


def _peer(fields: Fields) -> Peer:
    leader = fields.get("voted-leader", "?")
    return Peer(
        _seen(fields),
        last_hello=number(fields.get("last-hello-message")),
        voted_leader="" if leader == "?" else leader,
        voted_epoch=number(fields.get("voted-leader-epoch")),
    )


def _cached_replication(reply: object) -> Replication | None:
    """INFO-CACHE: [name, [[age, text of the master], [age, text of a replica], ...]]."""
    match reply:
        case [_, [[int(age), str(text)], *_]]:
            return replication_of(info_of(text), age)
        case _:
            return None


def _order(place: Place) -> tuple[str, int]:
    return place.host, place.port
