"""Servers and sentinels that speak TLS."""

from tests.real.certificates import Authority
from tests.real.cluster import NAME, OURS, Access, Lab, Process
from tests.real.wire import HOST


class Secure:
    """Servers and sentinels that use one certificate."""

    def __init__(self, lab: Lab, authority: Authority) -> None:
        self.lab = lab
        self.authority = authority
        self.pair = authority.issue("member")
        self.context = authority.client(self.pair)
        self.words = {
            "tls-cert-file": str(self.pair[0]),
            "tls-key-file": str(self.pair[1]),
            "tls-ca-cert-file": str(authority.ca),
            "tls-replication": "yes",
        }

    def server(self, master: Process | None = None) -> Process:
        options = [word for name, value in self.words.items() for word in (f"--{name}", value)]
        return self.lab.server(*options, master=master, access=Access(HOST, self.context))

    def sentinel(self, text: str, *lines: str, kind: tuple[str, ...] = OURS, port: str = "0") -> Process:
        common = "".join(f"{name} {value}\n" for name, value in self.words.items())
        more = "".join(f"{line}\n" for line in lines)
        process = self.lab.configured(f"port {port}\ntls-port PORT\n{common}{more}{text}", kind=kind)
        process.access = Access(HOST, self.context)
        return process


def watching(master: Process, quorum: int = 2) -> str:
    """The lines of a sentinel that watches this master."""
    return (
        f"sentinel monitor {NAME} {HOST} {master.port} {quorum}\nsentinel down-after-milliseconds {NAME} 800\n"
        f"sentinel failover-timeout {NAME} 4000\n"
    )
