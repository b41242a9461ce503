"""INFO text to what a sentinel wants to know of it (sentinel-spec, section 6.1).

A report is 5 kB long and arrives up to once a second from every replica, so the text is searched for the dozen lines
that matter instead of being taken apart.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from quorate.model.identity import RunId, is_run_id, text_of
from quorate.model.info import InfoReport, Role, SlaveSection
from quorate.wire.plain import host_of, number_of, port_of

MOST_REPLICAS = 10_000
"""slaveN lines beyond this many are not read."""

_LARGEST_PRIORITY = (1 << 31) - 1
_LONGEST = 1 << 31


_NAMES = (
    "role", "master_host", "master_port", "master_link_status", "master_link_down_since_seconds",
    "master_last_io_seconds_ago", "master_sync_in_progress", "slave_repl_offset", "slave_priority",
    "replica_announced", "master_replid", "master_replid2", "master_repl_offset",
)  # fmt: skip
_WANTED = re.compile(rf"\n({'|'.join(_NAMES)}):([^\n]*)".encode())

_STREAMS = {b"master_repl_offset": 18, b"slave_repl_offset": 18, b"master_last_io_seconds_ago": 9}
"""What changes all the time, and with how many digits a number of it is certainly not too large."""
_WORDS = frozenset(name.encode() for name in _NAMES) - _STREAMS.keys()

_SECTION = b"\n# Replication\r\n"


class InfoReader:
    """Reads the INFO replies of one server, each by what has changed since the last.

    Most of a reply differs from the one before and says nothing to us; what does stands in the section on replication,
    where there is one, and is taken apart only when that differs.
    """

    __slots__ = ("_plain", "_report", "_section")

    def __init__(self) -> None:
        self._report: InfoReport | None = None
        self._section = b""
        # Whether what each of its lines says depends on no other.
        self._plain = False

    def read(self, text: bytes) -> InfoReport:
        """The report in a reply; the very same one for the very same text."""
        before = self._report
        if before is not None and before.text == text:
            return before
        lines = b"\n" + text
        section = _replication(lines)
        run_id = text_of(_value(lines, b"run_id:") or b"")
        known = self._known(section)
        self._report = InfoReport(
            text, RunId(run_id) if is_run_id(run_id) else None, known.role, known.replicas, known.link_down_for,
            known.slave, known.offset, known.histories, _version(lines),
        )  # fmt: skip
        return self._report

    def _known(self, section: bytes) -> InfoReport:
        """What a section says, with what the last one said where they are the same."""
        before = self._report
        if before is not None and section == self._section:
            return before
        moved = _moved_on(before, self._section, section) if before is not None and self._plain else None
        if moved is None:
            moved, self._plain = _replicated(section), _is_plain(section)
        self._section = section
        return moved


def parse_info(text: bytes) -> InfoReport:
    """The report in an INFO reply. Lines end in CRLF or LF; what is malformed counts as absent.

    A line that occurs twice counts as the later one. `link_down_for` may be -1000: a replica that has never been
    connected says -1 seconds. `run_id` is None unless it is forty lower-case hexadecimal digits.
    """
    return InfoReader().read(text)


def _replication(lines: bytes) -> bytes:
    """The section on replication, all of the text where there is none."""
    start = lines.rfind(_SECTION)
    if start < 0:
        return lines
    end = lines.find(b"\n\r\n", start)
    return lines[start : end + 1] if end >= 0 else lines[start:]


def _is_plain(section: bytes) -> bool:
    """Whether its lines could stand in any order: no name stands there twice, and none before the role."""
    names = [name for name, _ in _WANTED.findall(section)]
    return len(names) == len(set(names)) and names[:1] == [b"role"]


def _moved_on(before: InfoReport, old_section: bytes, section: bytes) -> InfoReport | None:
    """The report if nothing that matters has changed but how far streams have come, as between nearly all replies."""
    old, new = old_section.split(b"\n"), section.split(b"\n")
    if len(old) != len(new):
        return None
    changed: dict[bytes, int] = {}
    for was, line in zip(old, new, strict=True):
        if was == line:
            continue
        name, _, text = line.partition(b":")
        if not was.startswith(name + b":"):
            return None
        if name in _STREAMS:
            number = text.removesuffix(b"\r")
            if not number.isdigit() or len(number) > _STREAMS[name]:
                return None
            changed[name] = int(number)
        elif name in _WORDS or (name[:5] == b"slave" and name[5:6].isdigit() and not _is_same_replica(was, line)):
            return None
    return _with(before, changed)


def _is_same_replica(was: bytes, line: bytes) -> bool:
    place, _, _ = line.partition(b",state=")
    return b"ip=" in place and b",port=" in place and was.startswith(place + b",")


def _with(before: InfoReport, changed: Mapping[bytes, int]) -> InfoReport:
    """A report in which streams have come further. A master's line about following somebody says nothing, as ever."""
    slave = before.slave
    if before.role is Role.MASTER:
        return replace(before, offset=changed.get(b"master_repl_offset", before.offset))
    if before.role is None:
        return before
    offset = changed.get(b"slave_repl_offset", slave.offset)
    last_io = changed.get(b"master_last_io_seconds_ago", slave.last_io)
    return replace(before, slave=replace(slave, offset=offset, last_io=last_io))


def _replicated(lines: bytes) -> InfoReport:
    """A report of what the section says, and of no more."""
    fields = _fields(lines)
    role, slave = _role(lines, fields)
    down_seconds = number_of(fields.get(b"master_link_down_since_seconds", b"0"))
    offset = number_of(fields.get(b"master_repl_offset", b"")) if role is Role.MASTER else None
    return InfoReport(
        lines, None, role, _replicas(lines), (down_seconds or 0) * 1000, slave, max(0, offset or 0), _histories(fields)
    )


def _fields(lines: bytes) -> dict[bytes, bytes]:
    """The lines that matter, by name; of two of one name the later one."""
    return {name: value.rstrip(b"\r") for name, value in _WANTED.findall(lines)}


def _histories(fields: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """The replication ids of a stream; one that is not there is written as zeros."""
    ids = (text_of(fields.get(name, b"")) for name in (b"master_replid", b"master_replid2"))
    return tuple(replid for replid in ids if is_run_id(replid) and replid.strip("0"))


def _version(lines: bytes) -> tuple[int, ...]:
    """The first three numbers of the version; empty for what is none."""
    parts = (_value(lines, b"redis_version:") or b"").split(b".")[:3]
    return tuple(int(part) for part in parts) if all(part.isdigit() and len(part) < 6 for part in parts) else ()


def _value(lines: bytes, key: bytes, start: int = 0) -> bytes | None:
    """What follows `key` on its last line after `start`, None without such a line."""
    at = lines.rfind(b"\n" + key, start)
    if at < 0:
        return None
    at += 1 + len(key)
    end = lines.find(b"\n", at)
    return lines[at : end if end >= 0 else None].rstrip(b"\r")


def _role(lines: bytes, fields: Mapping[bytes, bytes]) -> tuple[Role | None, SlaveSection]:
    role = fields.get(b"role", b"")
    if role.startswith(b"master"):
        return Role.MASTER, SlaveSection()
    if role.startswith(b"slave"):
        # Of a replica only what stands behind that counts; with every server that is all of it.
        at = lines.rfind(b"\nrole:")
        first = _WANTED.search(lines)
        behind = fields if first is not None and first.start() == at else _fields(lines[at:])
        return Role.SLAVE, _slave(behind)
    return None, SlaveSection()


def _slave(fields: Mapping[bytes, bytes]) -> SlaveSection:
    status = fields.get(b"master_link_status")
    priority = number_of(fields.get(b"slave_priority", b""))
    offset = number_of(fields.get(b"slave_repl_offset", b""))
    last_io = number_of(fields.get(b"master_last_io_seconds_ago", b""))
    announced = number_of(fields.get(b"replica_announced", b""))
    return SlaveSection(
        master_host=host_of(fields.get(b"master_host", b"")),
        master_port=port_of(fields.get(b"master_port", b"")),
        link_up=None if status is None else status.lower() == b"up",
        priority=priority if priority is not None and 0 <= priority <= _LARGEST_PRIORITY else None,
        offset=offset if offset is not None and offset >= 0 else None,
        announced=None if announced is None else announced != 0,
        last_io=last_io if last_io is not None and abs(last_io) < _LONGEST else None,
        syncing=fields.get(b"master_sync_in_progress") == b"1",
    )


def _replicas(lines: bytes) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []
    at = lines.find(b"\nslave")
    seen = 0
    while at >= 0 and seen < MOST_REPLICAS:
        end = lines.find(b"\n", at + 1)
        if lines[at + 6 : at + 7].isdigit():
            seen += 1
            replica = _replica(lines[at + 6 : end if end >= 0 else None].rstrip(b"\r"))
            if replica is not None:
                found.append(replica)
        at = lines.find(b"\nslave", end) if end >= 0 else -1
    return tuple(found)


def _replica(line: bytes) -> tuple[str, int] | None:
    """Host and port from `N:ip=H,port=P,...`, or from the form of old servers, `N:H,P,state`."""
    if b"ip=" in line:
        host_text = line.partition(b"ip=")[2].partition(b",")[0]
        port_text = line.partition(b"port=")[2].partition(b",")[0]
    else:
        parts = line.partition(b":")[2].split(b",", 2)
        if len(parts) < 3:
            return None
        host_text, port_text = parts[0], parts[1]
    host, port = host_of(host_text), port_of(port_text)
    return (host, port) if host is not None and port is not None else None
