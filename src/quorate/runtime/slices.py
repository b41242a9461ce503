"""For how long the system lets us run at a time: briefly, and in return soon.

A sentinel works for a fraction of a millisecond and then waits. On a machine with many servers it must not wait behind
all of those that it has woken until it may answer a client. Linux 6.12 and newer give a thread that asks for short
slices its turn sooner and not more often (sched_setattr(2), EEVDF). That takes no right; older systems take no notice.
"""

import ctypes
import platform
import struct
import sys

SLICE_NS = 100_000
"""The shortest that can be asked for."""

_SET_AND_GET = {"x86_64": (314, 315), "aarch64": (274, 275)}
"""Numbers of the system calls sched_setattr and sched_getattr: the C library has no functions for them."""

# size, policy, flags, nice, priority, slice (of others than SCHED_OTHER: runtime), deadline, period, two of utilisation
_ATTRIBUTES = struct.Struct("=IIQiIQQQII")
_SCHED_OTHER = 0


def ask_for_short_slices() -> bool:
    """Have this thread run soon rather than long. False where that cannot be asked for; its priority stays as it is."""
    attributes = _attributes(0)
    if attributes is None:
        return False
    size, policy, flags, nice, priority, _, *others = attributes
    if policy != _SCHED_OTHER:
        # Somebody has chosen how we are to be run.
        return False
    wanted = _ATTRIBUTES.pack(size, policy, flags, nice, priority, SLICE_NS, *others)
    return _call(0, 0, ctypes.create_string_buffer(wanted, len(wanted)), 0)


def slice_of(thread: int) -> int | None:
    """Nanoseconds that a thread is given at a time; None where that cannot be learnt, 0 by old systems."""
    attributes = _attributes(thread)
    return attributes[5] if attributes is not None else None


def _attributes(thread: int) -> tuple[int, ...] | None:
    room = ctypes.create_string_buffer(_ATTRIBUTES.size)
    return _ATTRIBUTES.unpack(room.raw) if _call(1, thread, room, _ATTRIBUTES.size, 0) else None


def _call(which: int, thread: int, room: "ctypes.Array[ctypes.c_char]", *more: int) -> bool:
    numbers = _SET_AND_GET.get(platform.machine())
    if sys.platform != "linux" or numbers is None:
        return False
    library = ctypes.CDLL(None)
    arguments = [ctypes.c_long(number) for number in more]
    return bool(library.syscall(ctypes.c_long(numbers[which]), ctypes.c_long(thread), room, *arguments) == 0)
