"""Documentation of what only we have, for the mode that lists it."""

from collections.abc import Mapping

from quorate.commands.docs_words import Argument, Doc, block, word

_GROUP = "sentinel"
_FIRST = "0.1.0"
_MASTER = (Argument("master-name"),)

FAILOVER = (
    *_MASTER,
    block(
        "planned",
        word("COORDINATED"),
        block("target", Argument("host"), Argument("port", "integer"), literal="TO", flags="optional"),
        Argument("milliseconds", "integer", literal="TIMEOUT", flags="optional"),
        word("VIA SERVER", flags="optional"),
        flags="optional",
    ),
)
"""The arguments of SENTINEL FAILOVER with those of a planned move."""

OURS: Mapping[str, Doc] = {
    "sentinel|candidates": Doc(
        "Says whether a failover would succeed now, to whom, and why not to the others.",
        _FIRST,
        _GROUP,
        "O(N) with N replicas",
        _MASTER,
    ),
    "sentinel|failovers": Doc(
        "Shows the remembered failovers of a master, newest first.", _FIRST, _GROUP, "O(N) with N failovers", _MASTER
    ),
    "sentinel|quorate": Doc(
        "Tells another sentinel that we are of its kind, how we see a master, and whether its process is gone.",
        _FIRST,
        _GROUP,
        arguments=(
            block(
                "master",
                Argument("master-name"),
                block("address", Argument("ip"), Argument("port", "integer"), flags="optional"),
                flags="optional",
            ),
        ),
    ),
}
