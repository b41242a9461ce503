"""The ground that a drill stands on: a network namespace and a small disk per node, or plain loopback.

With privileges (root, or a system that gives everybody user namespaces) each node gets a network of its own behind a
switch, and the drill itself moves into one as well: from there it sees every node whatever is cut between them. The
addresses are from the block that is set apart for tests of network devices, and reach nothing outside.
"""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from quorate.client.picture import Place
from quorate.drill import kernel, switch
from quorate.drill.faults import Need
from quorate.drill.nodes import Node, Role, Roster
from quorate.drill.switch import Rule
from quorate.drill.trouble import DrillError

_NET = "198.18.0."
_SERVER_PORT = 6379
_SENTINEL_PORT = 26379
_OBSERVER = 250
_DEVICE = "eth0"
_SERVER_DISK = 128 * 2**20
_SENTINEL_DISK = 2**20
_LOOPBACK = "127.0.0.1"
# Above the ports of tests and below those that outgoing connections draw from.
_LOOPBACK_PORTS = range(20_000, 32_000)


class Ground(Protocol):
    """What nodes are placed on."""

    missing: dict[Need, str]
    """The needs that cannot be met here, with the reason in a few words."""

    def place(self, servers: int, sentinels: int, clients: int) -> Roster: ...
    def network(self, node: Node) -> int | None: ...
    def disk(self, node: Node, folder: Path) -> None: ...
    def rules(self, rules: Iterable[Rule]) -> None: ...
    def reject(self, node: Node, sources: Sequence[Node]) -> None: ...
    def accept(self, node: Node) -> None: ...
    def close(self) -> None: ...


class Loopback:
    """Free ports on 127.0.0.1; nothing between the nodes can be touched."""

    def __init__(self, why: str, first: int = 0) -> None:
        self.missing = dict.fromkeys((Need.NETWORK, Need.RESETS, Need.DISK), why)
        self._ports = _free_ports(first or os.getpid() * 50)

    def place(self, servers: int, sentinels: int, clients: int) -> Roster:
        def nodes(role: Role, count: int) -> tuple[Node, ...]:
            return tuple(Node(role, i + 1, 0, Place(_LOOPBACK, next(self._ports))) for i in range(count))

        unplugged = tuple(Node(Role.CLIENT, i + 1, 0, Place(_LOOPBACK, 0)) for i in range(clients))
        return Roster(nodes(Role.SERVER, servers), nodes(Role.SENTINEL, sentinels), unplugged)

    def network(self, node: Node) -> int | None:
        del node
        return None

    def disk(self, node: Node, folder: Path) -> None:
        del node, folder

    def rules(self, rules: Iterable[Rule]) -> None:
        assert not list(rules), "faults that need a network are left out here"

    def reject(self, node: Node, sources: Sequence[Node]) -> None:
        del node, sources
        raise AssertionError("faults that need a network are left out here")

    def accept(self, node: Node) -> None:
        del node

    def close(self) -> None:
        return


class Namespaces:
    """One network namespace per node. Opening it moves the drill's thread into a network of its own until `close`."""

    def __init__(self, seed: int) -> None:
        self.missing: dict[Need, str] = {}
        self._seed = seed
        self._networks: dict[int, int] = {}
        self._devices: dict[int, int] = {}
        self._mounted: list[Path] = []
        self._control: switch.Control | None = None
        self._home = kernel.current_network()
        if shutil.which("nft") is None:
            self.missing[Need.RESETS] = "nft is not installed"

    def place(self, servers: int, sentinels: int, clients: int) -> Roster:
        """Lay the lines to all nodes and to the drill itself."""
        plugs = iter(range(1, _OBSERVER))

        def nodes(role: Role, count: int, port: int) -> tuple[Node, ...]:
            taken = [next(plugs) for _ in range(count)]
            return tuple(Node(role, i + 1, plug, Place(f"{_NET}{plug}", port)) for i, plug in enumerate(taken))

        roster = Roster(
            nodes(Role.SERVER, servers, _SERVER_PORT),
            nodes(Role.SENTINEL, sentinels, _SENTINEL_PORT),
            nodes(Role.CLIENT, clients, 0),
        )
        ports = [*(node.port for node in roster.all()), _OBSERVER]
        for port in ports:
            self._plug(port, ports)
        self._control = switch.Control(self._devices, self._seed)
        self._control.rules([])
        kernel.enter(self._networks[_OBSERVER])
        return roster

    def network(self, node: Node) -> int | None:
        return self._networks[node.port]

    def disk(self, node: Node, folder: Path) -> None:
        """Give a node's folder a small file system, so that it can be filled without harm to anybody else."""
        try:
            kernel.mount_small(folder, _SERVER_DISK if node.role is Role.SERVER else _SENTINEL_DISK)
        except OSError as error:
            self.missing[Need.DISK] = f"no small file system can be mounted ({error.strerror})"
        else:
            self._mounted.append(folder)

    def rules(self, rules: Iterable[Rule]) -> None:
        assert self._control is not None, "nodes were placed"
        self._control.rules(rules)

    def reject(self, node: Node, sources: Sequence[Node]) -> None:
        """Answer everything that comes from these hosts over TCP with a reset, as a firewall that rejects does."""
        addresses = ", ".join(source.place.host for source in sources)
        self._nft(
            node,
            "table ip drill {\n chain refusals {\n  type filter hook input priority 0;\n"
            f"  ip saddr {{ {addresses} }} meta l4proto tcp reject with tcp reset\n }}\n}}\n",
        )

    def accept(self, node: Node) -> None:
        self._nft(node, "delete table ip drill\n")

    def close(self) -> None:
        """Leave; the last process that ends takes its network with it."""
        kernel.enter(self._home)
        for folder in self._mounted:
            kernel.unmount(folder)
        if self._control is not None:
            self._control.close()
        for descriptor in (*self._devices.values(), *self._networks.values(), self._home):
            os.close(descriptor)
        self._networks, self._devices = {}, {}

    def _plug(self, port: int, everybody: Sequence[int]) -> None:
        network = kernel.new_network()
        self._networks[port] = network
        kernel.enter(network)
        try:
            self._devices[port] = kernel.tap(_DEVICE)
            kernel.link_up("lo")
            kernel.give_address(_DEVICE, switch.hardware(port), f"{_NET}{port}")
            for other in everybody:
                if other != port:
                    kernel.know_neighbour(_DEVICE, f"{_NET}{other}", switch.hardware(other))
        finally:
            kernel.enter(self._home)

    def _nft(self, node: Node, script: str) -> None:
        inside = self._networks[node.port]
        done = subprocess.run(
            ["nft", "-f", "-"],
            input=script.encode(),
            capture_output=True,
            check=False,
            preexec_fn=lambda: kernel.enter(inside),
        )
        if done.returncode != 0:
            raise DrillError(f"nft refused the rules for {node.name}: {done.stderr.decode(errors='replace').strip()}")


def take_privileges() -> str:
    """Prepare this process for namespaces, once. "" when it worked, else why not, in a few words.

    It is tried out in a child first, because half of it cannot be taken back.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, _take().encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        why = pipe.read()
    os.waitpid(child, 0)
    return why or _take()


def _take() -> str:
    try:
        try:
            kernel.own_mounts()
        except PermissionError:
            kernel.become_root_of_own()
            kernel.own_mounts()
        network = kernel.new_network()
    except OSError as error:
        return f"network namespaces are not allowed here ({error.strerror or error})"
    home = kernel.current_network()
    try:
        kernel.enter(network)
        os.close(kernel.tap("probe"))
    except OSError as error:
        return f"TAP devices are not allowed here ({error.strerror or error})"
    finally:
        kernel.enter(home)
        os.close(home)
        os.close(network)
    return ""


def fill(folder: Path) -> None:
    """Write into the folder until nothing more fits; never more than the largest disk of a node."""
    block = bytes(4096)
    with contextlib.suppress(OSError), _ballast(folder).open("wb", buffering=0) as file:
        for _ in range(_SERVER_DISK // len(block) + 1):
            file.write(block)


def empty(folder: Path) -> None:
    """Take back what `fill` wrote."""
    _ballast(folder).unlink(missing_ok=True)


def _ballast(folder: Path) -> Path:
    return folder / "ballast"


def _free_ports(first: int) -> Iterator[int]:
    count = len(_LOOPBACK_PORTS)
    for offset in range(count):
        port = _LOOPBACK_PORTS[(first + offset) % count]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_LOOPBACK, port))
            except OSError:
                continue
        yield port
    raise DrillError("There are no free ports on 127.0.0.1.")
