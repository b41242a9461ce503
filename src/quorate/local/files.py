"""The files of the members: written for a new cluster, set right for one that starts again."""

import secrets
from dataclasses import dataclass

from quorate.local import plan as plans
from quorate.local import resume
from quorate.local.folder import Folder, write
from quorate.local.plan import HOST, Kind, Member, Plan


@dataclass(frozen=True, slots=True)
class Start:
    """The server to start as master, and sentences about anything unusual."""

    master: int
    remarks: tuple[str, ...] = ()


def create(folder: Folder, plan: Plan) -> Start:
    """Write all files of a new cluster."""
    master = plan.servers[0]
    for member in plan.members():
        where = str(folder.of(member))
        if member.kind is Kind.SERVER:
            follows = None if member.port == master else master
            write(folder.conf(member), plans.server_conf(plan, where, member.port, follows))
        else:
            write(folder.conf(member), plans.sentinel_conf(plan, where, member.port, secrets.token_hex(20)))
    # The plan comes last: a directory with a plan is complete.
    folder.write_plan(plan)
    return Start(master)


def reopen(folder: Folder, plan: Plan) -> Start:
    """Find the master of a cluster that ran before, and make its files agree. Missing files are written anew."""
    members = plan.members()
    sentinels = [m for m in members if m.kind is Kind.SENTINEL]
    servers = {m.port: m for m in members if m.kind is Kind.SERVER}
    opinions = [resume.opinion_of(folder.read_conf(m) or "", plan.name) for m in sentinels]
    choice = resume.choose([o for o in opinions if o is not None], [folder.remains(m) for m in servers.values()])
    remarks = [choice.reason] if choice.reason else []
    for port in choice.set_aside:
        copy = folder.set_aside(servers[port])
        remarks.append(f"server {port} was master too by its own account; its data is kept in {copy}")
    for member in sentinels:
        _mend_sentinel(folder, plan, member, choice)
    return Start(choice.master, tuple(remarks))


def prepare_server(folder: Folder, plan: Plan, member: Member, master: int | None) -> None:
    """Before a server starts: whom it follows and where it lies. So the file tells the truth at the next start too."""
    where = str(folder.of(member))
    text = folder.read_conf(member) or plans.server_conf(plan, where, member.port, None)
    follows = None if master is None else f"{HOST} {master}"
    values = {"port": str(member.port), "dir": plans.quoted(where), "replicaof": follows}
    write(folder.conf(member), plans.with_directives(text, values, {"slaveof": "replicaof"}))


def would_wipe(folder: Folder, member: Member, plan: Plan) -> bool:
    """True if this server has no data but another has some: started as master, it would empty the others."""
    if folder.remains(member).newest is not None:
        return False
    others = [m for m in plan.members() if m.kind is Kind.SERVER and m != member]
    return any(folder.remains(other).newest is not None for other in others)


def _mend_sentinel(folder: Folder, plan: Plan, member: Member, choice: resume.Choice) -> None:
    where = str(folder.of(member))
    text = folder.read_conf(member)
    if text is None or resume.opinion_of(text, plan.name) is None:
        text = plans.sentinel_conf(plan, where, member.port, secrets.token_hex(20))
        text = resume.reclaim(text, plan.name, HOST, choice.master) if choice.master != plan.servers[0] else text
    elif choice.reclaimed:
        text = resume.reclaim(text, plan.name, HOST, choice.master)
    text = plans.with_directives(plans.without_peers(text), {"dir": plans.quoted(where)}, {})
    write(folder.conf(member), text)
