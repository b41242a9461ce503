"""Real servers and sentinels on loopback for end-to-end tests: started on free ports, ended by their own ids."""

import ctypes
import itertools
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.wire import HOST, Failure, Wire, Word

NAME = "mymaster"
OURS = (sys.executable, "-m", "quorate", "sentinel")
C_SENTINEL = ("redis-server",)
DOWN_AFTER = 600
FAILOVER_TIMEOUT = 4000

# Below the range from which systems draw the near ends of outgoing connections.
_PORTS = range(20_000, 32_000)
_PR_SET_PDEATHSIG = 1

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def fields(flat: object) -> dict[str, str]:
    """An instance map in RESP2: keys and values in turn."""
    assert isinstance(flat, list), flat
    return dict(zip(flat[::2], flat[1::2], strict=True))


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection will take before we do."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return port


def eventually(condition: Callable[[], object], what: str, patience: float = 15.0, pause: float = 0.03) -> None:
    """Poll until the condition holds; a connection that breaks meanwhile is one more try."""
    end = time.monotonic() + patience
    last: BaseException | None = None
    while time.monotonic() < end:
        try:
            if condition():
                return
            last = None
        except (OSError, AssertionError) as error:
            last = error
        time.sleep(pause)
    raise AssertionError(f"not within {patience:g} s: {what}" + (f" (last: {last!r})" if last else ""))


def die_with_parent() -> None:
    """To be called in a child: the kernel kills it when the test process is gone."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Access:
    """How to connect to a process besides its port."""

    host: str = HOST
    context: ssl.SSLContext | None = None
    password: str = ""
    user: str = ""


@dataclass
class Process:
    """A child of ours that listens on a port."""

    port: int
    command: Sequence[str]
    folder: Path
    access: Access = field(default_factory=Access)
    environment: dict[str, str] | None = None
    prepare: Callable[[], None] = die_with_parent
    child: "subprocess.Popen[bytes] | None" = None

    def start(self, patience: float = 10.0) -> "Process":
        """Start, and wait for a PING to be answered."""
        self.launch()
        self.await_answer(patience)
        return self

    def await_answer(self, patience: float = 10.0, pause: float = 0.03) -> None:
        """Wait for a PING to be answered."""
        eventually(self._answers, f"{self.command} answers\n{self.output()}", patience, pause)

    def _answers(self) -> bool:
        assert self.child is not None
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.command} ended with {self.child.returncode}:\n{self.output()}\n{self.log()}")
        return isinstance(self.ask("PING"), str | Failure)

    def launch(self) -> None:
        """Start, and wait for nothing."""
        with self.output_path.open("ab") as out:
            self.child = subprocess.Popen(
                self.command, cwd=self.folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                env=self.environment,
                preexec_fn=self.prepare,  # noqa: PLW1509 - it makes system calls and nothing else
            )  # fmt: skip

    def connect(self, timeout: float = 3.0) -> Wire:
        """A connection, authenticated if there is a password."""
        access = self.access
        wire = Wire(self.port, host=access.host, context=access.context, timeout=timeout)
        try:
            if access.password:
                reply = wire.ask("AUTH", *([access.user] if access.user else []), access.password)
                assert reply == "OK", reply
        except BaseException:
            wire.close()
            raise
        return wire

    def ask(self, *words: Word) -> object:
        """One command on a connection of its own."""
        with self.connect() as wire:
            return wire.ask(*words)

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.child is not None
        return self.child.pid

    def notify(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.child is not None
        self.child.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> int:
        """Send a signal and wait for the end; the exit status."""
        assert self.child is not None
        self.child.send_signal(number)
        return self.child.wait(patience)

    def kill(self) -> None:
        """End it at once, also when it is stopped."""
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    @property
    def output_path(self) -> Path:
        """Where standard output and standard error go."""
        return self.folder / f"{self.port}.out"

    def output(self) -> str:
        """What it printed."""
        return self.output_path.read_text("utf-8", "replace") if self.output_path.exists() else ""

    @property
    def config(self) -> Path:
        """A sentinel's configuration file."""
        return self.folder / f"sentinel-{self.port}.conf"

    def log(self) -> str:
        """A sentinel's log."""
        path = self.folder / f"sentinel-{self.port}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def memory(self) -> int:
        """Resident bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    # --- questions to a sentinel ------------------------------------------------------------------------------------

    def sentinel(self, *words: Word) -> object:
        """SENTINEL words."""
        return self.ask("SENTINEL", *words)

    def master(self, name: str = NAME) -> dict[str, str]:
        """What it knows of a master."""
        return fields(self.sentinel("MASTER", name))

    def replicas(self, name: str = NAME) -> dict[int, dict[str, str]]:
        """Its replicas by port."""
        return _by_port(self.sentinel("REPLICAS", name))

    def peers(self, name: str = NAME) -> dict[int, dict[str, str]]:
        """The other sentinels that it knows, by port."""
        return _by_port(self.sentinel("SENTINELS", name))

    def master_port(self, name: str = NAME) -> int:
        """What clients are told."""
        reply = self.sentinel("GET-MASTER-ADDR-BY-NAME", name)
        return int(reply[1]) if isinstance(reply, list) else 0

    def flags(self, name: str = NAME) -> set[str]:
        """The master's flags."""
        return set(self.master(name)["flags"].split(","))

    def sees_all(self, replicas: int, peers: int) -> bool:
        """Whether it knows so many of both, all of them in good health."""
        known, others = self.replicas(), self.peers()
        return (
            len(known) == replicas
            and all(r["flags"] == "slave" and r["master-link-status"] == "ok" for r in known.values())
            and len(others) == peers
            and all(p["flags"] == "sentinel" for p in others.values())
            and self.flags() == {"master"}
        )


def _by_port(reply: object) -> dict[int, dict[str, str]]:
    assert isinstance(reply, list), reply
    found = [fields(one) for one in reply]
    return {int(one["port"]): one for one in found}


@dataclass
class Lab:
    """Everything a test starts. The fixture `lab` ends it."""

    folder: Path
    processes: list[Process] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def server(self, *options: str, master: Process | None = None, access: Access | None = None) -> Process:
        """A data server, following `master` if given. `options` are further words of its command line."""
        port = free_port()
        access = access or Access()
        command = [
            "redis-server", "--bind", access.host, "--save", "", "--appendonly", "no", "--protected-mode", "no",
            "--repl-diskless-sync-delay", "0", "--dir", str(self.folder), "--dbfilename", f"{port}.rdb",
            *(["--port", "0", "--tls-port", str(port)] if access.context else ["--port", str(port)]),
        ]  # fmt: skip
        if master is not None:
            command += ["--replicaof", master.access.host, str(master.port)]
        return self.add(Process(port, [*command, *options], self.folder, access)).start()

    def add(self, process: Process) -> Process:
        """Have a process ended with the lab."""
        self.processes.append(process)
        return process

    def sentinel(
        self, master: Process, lines: Sequence[str] = (), *, kind: Sequence[str] = OURS, quorum: int = 2
    ) -> Process:
        """A sentinel that watches a master, started. `lines` are added to its configuration."""
        return self.prepared(master, lines, kind=kind, quorum=quorum).start()

    def prepared(
        self, master: Process, lines: Sequence[str] = (), *, kind: Sequence[str] = OURS, quorum: int = 2
    ) -> Process:
        """The same, not started."""
        text = (
            f"sentinel monitor {NAME} {master.access.host} {master.port} {quorum}\n"
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER}\n"
            f"sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT}\n"
        )
        return self.configured(text + "".join(f"{line}\n" for line in lines), kind=kind)

    def configured(self, text: str, *, kind: Sequence[str] = OURS, host: str = HOST) -> Process:
        """A sentinel on its own port, log and file with this text; not started."""
        port = free_port()
        path = self.folder / f"sentinel-{port}.conf"
        head = f"logfile {self.folder}/sentinel-{port}.log\n"
        if "bind " not in text:
            head += f"bind {host}\n"
        if "tls-port" not in text:
            head += f"port {port}\n"
        path.write_text(head + text.replace("PORT", str(port)))
        suffix = ("--sentinel",) if kind == C_SENTINEL else ()
        return self.add(Process(port, [*kind, str(path), *suffix], self.folder, Access(host)))

    def trio(
        self, lines: Sequence[str] = (), *, replicas: int = 2, kinds: Sequence[Sequence[str]] = (OURS,) * 3
    ) -> "Trio":
        """A master, its replicas, and sentinels that all know each other."""
        master = self.server()
        servers = [master, *(self.server(master=master) for _ in range(replicas))]
        sentinels = [self.prepared(master, lines, kind=kind) for kind in kinds]
        return Trio(self, servers, sentinels).start()

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()


@dataclass
class Trio:
    """A small cluster: servers (the first was the first master) and sentinels."""

    lab: Lab
    servers: list[Process]
    sentinels: list[Process]

    def start(self) -> "Trio":
        """Start the sentinels at once, and wait until everybody sees everybody."""
        for sentinel in self.sentinels:
            sentinel.launch()
        for sentinel in self.sentinels:
            sentinel.await_answer(15)
        self.hurry()
        self.settled()
        return self

    def hurry(self) -> None:
        """Have wrong roles corrected after 2 seconds instead of 8."""
        for sentinel in self.sentinels:
            sentinel.sentinel("DEBUG", "PUBLISH-PERIOD", 500)
            sentinel.sentinel("DEBUG", "INFO-PERIOD", 2000)

    def settled(self, patience: float = 25.0) -> None:
        """Wait until all sentinels agree and see everybody in good health."""
        eventually(self._is_settled, f"a healthy cluster\n{self.logs()}", patience)

    def _is_settled(self) -> bool:
        ports = {one.master_port() for one in self.sentinels}
        return len(ports) == 1 and all(
            one.sees_all(len(self.servers) - 1, len(self.sentinels) - 1) for one in self.sentinels
        )

    def moved_from(self, old: Process, patience: float = 20.0) -> Process:
        """Wait until all sentinels name one other master, which is one; that server."""
        eventually(
            lambda: (
                len({s.master_port() for s in self.sentinels} - {old.port}) == 1
                and all(s.master_port() != old.port for s in self.sentinels)
            ),
            f"a new master after {old.port}\n{self.logs()}",
            patience,
        )
        port = self.sentinels[0].master_port()
        new = next(s for s in self.servers if s.port == port)
        role = new.ask("ROLE")
        assert isinstance(role, list), role
        assert role[0] == "master", self.logs()
        return new

    def logs(self) -> str:
        """The last lines of every sentinel's log."""
        return "\n".join(
            f"--- {one.port}\n" + "\n".join(one.log().splitlines()[-40:]) + f"\n{one.output()[-500:]}"
            for one in self.sentinels
        )


def follows(replica: Process, master: Process) -> bool:
    """Whether a server replicates from another with its link up."""
    role = replica.ask("ROLE")
    return isinstance(role, list) and role[0] == "slave" and role[2] == master.port and role[3] == "connected"
