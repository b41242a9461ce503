"""Faults of sentinels, their disks, clocks and names."""

from quorate.core.inputs import FailureSimulated
from quorate.model.millis import Millis
from quorate.sim.faults import Kind, Planned
from quorate.sim.faults_scene import Scene, Struck
from quorate.sim.host import SentinelHost


def revive(host: SentinelHost) -> None:
    """Start a dead sentinel on whatever its disk holds."""
    host.disk.saving = None
    if not host.up:
        host.node.alive = True
        host.node.paused = False
        host.start()


def kill(scene: Scene, fault: Planned) -> Struck | None:
    """The process dies, which its peers are told at once, or its machine, which nobody is told."""
    host = scene.sentinel(fault.aim)
    if host is None:
        return None
    told = fault.kind is not Kind.MACHINE_SENTINEL
    if fault.kind is Kind.NEW_ID:
        scene.world.note_amnesia(host)
    host.stop(told=told)
    host.node.alive = told
    what = f"{host.node.name} dies"
    if fault.kind is Kind.NEW_ID:
        host.disk.data = host.disk.template
        what += ", its disk is replaced"
    return Struck(what, lambda: revive(host))


def crash_in_save(scene: Scene, fault: Planned) -> Struck | None:
    """The process dies at some moment of its next save."""
    host = scene.sentinel(fault.aim)
    if host is None or host.disk.saving is not None:
        return None

    mended = False

    def armed(duration: Millis) -> None:
        host.disk.saving = None
        life = host.life

        def die() -> None:
            # A save that begins in the moment of mending must not kill it afterwards: nobody would revive it.
            if host.up and host.life == life and not mended:
                host.stop(told=True)

        scene.world.schedule.after(scene.dice.between(0, duration), die)

    def mend() -> None:
        nonlocal mended
        mended = True
        revive(host)

    host.disk.saving = armed
    return Struck(f"{host.node.name} will die in its next save", mend)


def disk(scene: Scene, fault: Planned) -> Struck | None:
    """The disk is full, or slow."""
    host = scene.sentinel(fault.aim)
    if host is None:
        return None
    drive = host.disk

    def mend() -> None:
        drive.full, drive.delay = False, 0

    if fault.kind is Kind.DISK_FULL:
        drive.full = True
        return Struck(f"{host.node.name} cannot save", mend)
    drive.delay = fault.amount
    return Struck(f"{host.node.name} needs {fault.amount} ms more to save", mend)


def pause(scene: Scene, fault: Planned) -> Struck | None:
    """SIGSTOP and SIGCONT."""
    target = scene.target(fault.aim)
    if target is None or target.paused:
        return None
    target.paused = True

    def mend() -> None:
        if target.paused:
            target.resume()

    return Struck(f"{target.name} stands still", mend)


def clock(scene: Scene, fault: Planned) -> Struck | None:
    """The monotonic clock jumps ahead; or it stands still together with its machine, which is suspended."""
    host = scene.sentinel(fault.aim)
    if host is None:
        return None
    if fault.amount >= 0:

        def jump() -> None:
            host.clock_offset += fault.amount

        # Within one step the core sees one time; so do those who look at what it does.
        scene.world.schedule.after(0, jump)
        return Struck(f"the clock of {host.node.name} jumps by {fault.amount} ms", lambda: None)
    began, life = scene.world.schedule.now, host.life
    host.node.paused = True

    def mend() -> None:
        if host.node.paused and host.life == life:
            host.wake(scene.world.schedule.now - began)

    return Struck(f"{host.node.name} is suspended with its clock", mend)


def names(scene: Scene, fault: Planned) -> Struck | None:
    """No name can be looked up."""
    host = scene.sentinel(fault.aim)
    if host is None or not host.dns:
        return None
    known, host.dns = host.dns, {}

    def mend() -> None:
        host.dns = known

    return Struck(f"{host.node.name} has no DNS", mend)


def simulated(scene: Scene, fault: Planned) -> Struck | None:
    """SENTINEL SIMULATE-FAILURE, as an operator types it; the process is started again later."""
    host = scene.other_sentinel()
    if host is None:
        return None
    elected = scene.dice.chance(50)
    host.typed(FailureSimulated(host.caller(None), elected, not elected, None))

    def mend() -> None:
        if host.up:
            host.typed(FailureSimulated(host.caller(None), False, False, None))
        revive(host)

    del fault
    return Struck(f"{host.node.name} will crash after {'election' if elected else 'promotion'}", mend)
