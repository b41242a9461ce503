"""The message by which sentinels find each other and spread configurations."""

from dataclasses import dataclass

from quorate.model.identity import Epoch, MasterName, RunId

HELLO_CHANNEL = "__sentinel__:hello"


@dataclass(frozen=True, slots=True)
class Hello:
    """The eight fields of a hello, in the order of the wire. Hosts are texts as sent, not yet resolved."""

    sender_host: str
    sender_port: int
    sender_id: RunId
    current_epoch: Epoch
    master: MasterName
    master_host: str
    master_port: int
    config_epoch: Epoch

    def __hash__(self) -> int:
        """Few hellos agree in these and not in all, and they are looked up hundreds of times a second."""
        return hash((self.sender_id, self.master, self.config_epoch))
