"""What SENTINEL tells without changing anything."""

from collections.abc import Mapping

from quorate.commands import fields
from quorate.commands.contract import Handler, Host, Now, ScriptView, Session
from quorate.commands.errors import refused
from quorate.commands.results import NO_SUCH_MASTER
from quorate.model.identity import MasterName, bytes_of, text_of
from quorate.wire.values import Map, NullArray, Reply, Simple

_UNKNOWN = Now((NullArray(),))


def _name(args: list[bytes]) -> MasterName:
    return MasterName(text_of(args[2]))


def myid(host: Host, session: Session, args: list[bytes]) -> Now:
    """The id by which peers know this sentinel."""
    return Now((bytes_of(host.view().settings.myid),))


def get_master_addr_by_name(host: Host, session: Session, args: list[bytes]) -> Now:
    """[host, port] where clients should go, null for an unknown name. The question that clients ask all day long."""
    found = host.view().current_address(_name(args))
    if found is None:
        return _UNKNOWN
    return Now(([bytes_of(found[0]), b"%d" % found[1]],))


def masters(host: Host, session: Session, args: list[bytes]) -> Now:
    """All masters, each as a map."""
    view = host.view()
    found = (view.master(name) for name in view.names())
    return Now(([fields.of_master(one) for one in found if one is not None],))


def master(host: Host, session: Session, args: list[bytes]) -> Now:
    """One master as a map."""
    found = host.view().master(_name(args))
    return refused(NO_SUCH_MASTER) if found is None else Now((fields.of_master(found),))


def replicas(host: Host, session: Session, args: list[bytes]) -> Now:
    """The replicas of a master, but for those that asked not to be announced (replica-announced no)."""
    view = host.view()
    if view.master_settings(_name(args)) is None:
        return refused(NO_SUCH_MASTER)
    return Now(([fields.of_replica(one) for one in view.replicas(_name(args)) if one.announced],))


def sentinels(host: Host, session: Session, args: list[bytes]) -> Now:
    """The other sentinels that watch a master."""
    view = host.view()
    if view.master_settings(_name(args)) is None:
        return refused(NO_SUCH_MASTER)
    return Now(([fields.of_peer(one) for one in view.peers(_name(args))],))


def ckquorum(host: Host, session: Session, args: list[bytes]) -> Now:
    """Could the sentinels that can be reached now agree that the master is down, and elect a leader?"""
    check = host.view().quorum_check(_name(args))
    if check is None:
        return refused(NO_SUCH_MASTER)
    if check.agrees and check.authorizes:
        text = f"OK {check.usable} usable Sentinels. Quorum and failover authorization can be reached"
        return Now((Simple(text),))
    reasons = []
    if not check.agrees:
        reasons.append("Not enough available Sentinels to reach the specified quorum for this master")
    if not check.authorizes:
        reasons.append("Not enough available Sentinels to reach the majority and authorize a failover")
    return refused(f"NOQUORUM {check.usable} usable Sentinels. {'. '.join(reasons)}")


def candidates(host: Host, session: Session, args: list[bytes]) -> Now:
    """Would a failover succeed now, and to whom? A map, with a map for each replica; ours alone."""
    found = host.view().outlook(_name(args))
    return refused(NO_SUCH_MASTER) if found is None else Now((fields.of_outlook(found),))


def info_cache(host: Host, session: Session, args: list[bytes]) -> Now:
    """The last INFO of the named masters and of their replicas: name, then [age in ms, text] for each."""
    view = host.view()
    shown: list[Reply] = []
    # A name given twice is shown once, as in the server, which collects the masters first.
    for name in dict.fromkeys(MasterName(text_of(raw)) for raw in args[2:]):
        entries: list[Reply] = [[one.age, one.text] for one in view.info_cache(name)]
        if entries:
            shown += [bytes_of(name), entries]
    return Now((shown,))


def pending_scripts(host: Host, session: Session, args: list[bytes]) -> Now:
    """The queue of scripts, running and waiting."""
    return Now(([_script(one) for one in host.scripts()],))


def _script(script: ScriptView) -> Map:
    argv: list[Reply] = [bytes_of(word) for word in script.argv]
    when: tuple[Reply, Reply] = (
        (b"run-time", b"%d" % script.runtime) if script.running else (b"run-delay", b"%d" % script.delay)
    )
    return Map(
        [
            (b"argv", argv),
            (b"flags", b"running" if script.running else b"scheduled"),
            (b"pid", b"%d" % script.pid),
            when,
            (b"retry-num", b"%d" % script.retries),
        ]
    )


HANDLERS: Mapping[str, Handler] = {
    "sentinel|candidates": candidates,
    "sentinel|ckquorum": ckquorum,
    "sentinel|get-master-addr-by-name": get_master_addr_by_name,
    "sentinel|get-primary-addr-by-name": get_master_addr_by_name,
    "sentinel|info-cache": info_cache,
    "sentinel|master": master,
    "sentinel|masters": masters,
    "sentinel|myid": myid,
    "sentinel|pending-scripts": pending_scripts,
    "sentinel|primaries": masters,
    "sentinel|primary": master,
    "sentinel|replicas": replicas,
    "sentinel|sentinels": sentinels,
    "sentinel|slaves": replicas,
}
