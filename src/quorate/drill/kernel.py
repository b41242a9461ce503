"""The few system calls by which a drill gets a world of its own (Linux): namespaces, TAP devices, file systems.

Nothing here has a name that could be left behind. A namespace lives as long as a process or a descriptor of ours holds
it, so that all of them, with every device, rule and mount inside, end with the drill, kill -9 included.
"""

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1

_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_SIOCSIFNETMASK = 0x891C
_SIOCSIFHWADDR = 0x8924
_SIOCSARP = 0x8955
_IFF_UP = 0x1
_ARPHRD_ETHER = 1
_ATF_COM = 0x02
_ATF_PERM = 0x04


def unshare(flags: int) -> None:
    """Move this thread into new namespaces; OSError where that is not allowed or not Linux."""
    _call("unshare", ctypes.c_int(flags))


def enter(network: int) -> None:
    """Move this thread into the network namespace behind a descriptor."""
    _call("setns", ctypes.c_int(network), ctypes.c_int(CLONE_NEWNET))


def current_network() -> int:
    """A descriptor of the network namespace that this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def new_network() -> int:
    """A descriptor of a new network namespace; this thread stays where it is."""
    home = current_network()
    try:
        unshare(CLONE_NEWNET)
        made = current_network()
        enter(home)
    finally:
        os.close(home)
    return made


def become_root_of_own() -> None:
    """Take all privileges inside a user namespace of our own, where the system lets anybody do that.

    They do not reach the network that we are in, so we move to one of our own, for good.
    """
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
    unshare(CLONE_NEWNET)


def own_mounts() -> None:
    """From now on nobody else sees what is mounted here, and it goes when the last of our processes does."""
    unshare(CLONE_NEWNS)
    _call("mount", b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None)


def mount_small(folder: Path, size: int) -> None:
    """A file system of `size` bytes in memory."""
    _call("mount", b"drill", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(0), f"size={size},mode=0700".encode())


def unmount(folder: Path) -> None:
    """Let go of a file system, at once for whoever looks, and for good when nobody uses it any more."""
    _call("umount2", os.fsencode(folder), ctypes.c_int(_MNT_DETACH))


def die_with_parent(parent: int) -> None:
    """Between fork and exec: ask to be killed when the thread that forked ends (Linux; elsewhere nothing happens)."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, 9)
    except AttributeError:
        return
    # The parent may have died before the call above; then no signal will come.
    if os.getppid() != parent:
        os._exit(1)


def tap(name: str) -> int:
    """A descriptor of a new TAP device in this thread's network; reading and writing it moves whole frames."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    except OSError:
        os.close(device)
        raise
    return device


def link_up(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        request = struct.pack("16sH22x", name.encode(), 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(way, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(way, _SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags | _IFF_UP))


def give_address(name: str, hardware: bytes, address: str, mask: str = "255.255.255.0") -> None:
    """Set the hardware address (6 bytes), the IPv4 address and its mask, and bring the device up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        wanted = struct.pack("16sH6s16x", name.encode(), _ARPHRD_ETHER, hardware)
        fcntl.ioctl(way, _SIOCSIFHWADDR, wanted)
        fcntl.ioctl(way, _SIOCSIFADDR, struct.pack("16s16s8x", name.encode(), _internet(address)))
        fcntl.ioctl(way, _SIOCSIFNETMASK, struct.pack("16s16s8x", name.encode(), _internet(mask)))
    link_up(name)


def know_neighbour(name: str, address: str, hardware: bytes) -> None:
    """Write a neighbour into the table for good, so that a cut looks like silence and not like "no such host"."""
    ether = struct.pack("H6s8x", _ARPHRD_ETHER, hardware)
    request = _internet(address) + ether + struct.pack("i16x16s", _ATF_COM | _ATF_PERM, name.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        fcntl.ioctl(way, _SIOCSARP, request)


def _internet(address: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    try:
        function = getattr(library, name)
    except AttributeError as error:
        raise OSError(f"this system has no {name}") from error
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
