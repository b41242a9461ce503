"""What another sentinel asks: is this master down for you too, and do you vote for me?"""

from collections.abc import Mapping

from quorate import __version__
from quorate.commands.contract import Answer, Handler, Host, Later, Now, Session
from quorate.commands.errors import refused
from quorate.commands.numbers import NOT_AN_INTEGER, integer
from quorate.commands.results import NO_SUCH_MASTER, reply_of
from quorate.core.inputs import Caller, VoteRequested
from quorate.model.identity import Epoch, MasterName, RunId, text_of

_NO_CANDIDATE = b"*"


def is_master_down_by_addr(host: Host, session: Session, args: list[bytes]) -> Answer:
    """`ip port epoch runid`: answers [down, leader, leader epoch]; a runid other than `*` asks for a vote too."""
    ip, port, epoch = text_of(args[2]), integer(args[3]), integer(args[4])
    if port is None or epoch is None:
        return refused(NOT_AN_INTEGER)
    candidate = None if args[5] == _NO_CANDIDATE else RunId(text_of(args[5]))

    def ask(caller: Caller) -> VoteRequested:
        return VoteRequested(caller, ip, port, Epoch(epoch), candidate)

    return Later(ask, reply_of)


def kind(host: Host, session: Session, args: list[bytes]) -> Answer:
    """Tells a peer that we are one of its own kind, and of which version: an array, where C Sentinel has an error.

    With the name of a master: [config epoch, current epoch, leader epoch]; with `name ip port`: [1] if we have seen
    that the process of that master at that address is gone, else [0].
    """
    if len(args) > 2:
        view = host.view()
        master = view.master(MasterName(text_of(args[2])))
        if master is None:
            return refused(NO_SUCH_MASTER)
        if len(args) > 3:
            here = len(args) == 5 and master.gone_at == (text_of(args[3]), integer(args[4]))
            return Now(([int(here)],))
        return Now(([int(master.config_epoch), int(view.current_epoch), int(master.leader_epoch)],))
    return Now(([b"quorate", __version__.encode()],))


HANDLERS: Mapping[str, Handler] = {
    "sentinel|quorate": kind,
    "sentinel|is-master-down-by-addr": is_master_down_by_addr,
    "sentinel|is-primary-down-by-addr": is_master_down_by_addr,
}
