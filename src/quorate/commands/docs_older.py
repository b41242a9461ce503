"""Where the arguments that COMMAND DOCS shows were other ones in Redis 7: names, shapes and words differ."""

from collections.abc import Mapping

from quorate.commands.docs_ours import FAILOVER
from quorate.commands.docs_words import Argument, block, choice, word
from quorate.model.settings import Mode

_Arguments = tuple[Argument, ...]

_ID = Argument("client-id", "integer", literal="ID", since="2.8.12", flags="optional")
_KIND = (word("NORMAL"), word("MASTER", "3.2.0"), word("SLAVE"), word("REPLICA", "5.0.0"), word("PUBSUB"))
_USER = Argument("username", literal="USER", flags="optional")


def _address(name: str, literal: str, since: str = "") -> Argument:
    return Argument(name, literal=literal, since=since, flags="optional", shown="ip:port")


def _kill(old_format: Argument, *filters: Argument) -> _Arguments:
    return (choice("filter", old_format, choice("new-format", _ID, *filters, flags="multiple")),)


_KILL_7_2 = _kill(
    Argument("old-format", shown="ip:port", deprecated_since="2.8.12"),
    choice("client-type", *_KIND, literal="TYPE", since="2.8.12", flags="optional"),
    _USER,
    _address("addr", "ADDR"),
    _address("laddr", "LADDR", "6.2.0"),
    choice("skipme", word("YES"), word("NO"), literal="SKIPME", flags="optional"),
)
_KILL_7_0 = _kill(
    Argument("ip:port", deprecated_since="2.8.12"),
    choice("normal_master_slave_pubsub", *_KIND, literal="TYPE", since="2.8.12", flags="optional"),
    _USER,
    _address("ip:port", "ADDR"),
    _address("ip:port", "LADDR", "6.2.0"),
    Argument("yes/no", literal="SKIPME", flags="optional"),
)
_LIST_7_0 = (
    choice(
        "normal_master_replica_pubsub",
        word("NORMAL"),
        word("MASTER"),
        word("REPLICA"),
        word("PUBSUB"),
        literal="TYPE",
        since="5.0.0",
        flags="optional",
    ),
    block("id", Argument("client-id", "integer", flags="multiple"), literal="ID", since="6.2.0", flags="optional"),
)
_HELLO_7_0 = block(
    "arguments",
    Argument("protover", "integer"),
    block("username_password", Argument("username"), Argument("password"), literal="AUTH", flags="optional"),
    Argument("clientname", literal="SETNAME", flags="optional"),
    flags="optional",
)
_PARAMETER_AND_VALUE = (Argument("parameter"), Argument("value"))

OLDER: Mapping[Mode, Mapping[str, _Arguments]] = {
    Mode.REDIS_7_0: {
        "acl|cat": (Argument("categoryname", flags="optional"),),
        "client|kill": _KILL_7_0,
        "client|list": _LIST_7_0,
        "client|reply": (choice("on_off_skip", word("ON"), word("OFF"), word("SKIP")),),
        "client|unblock": (
            Argument("client-id", "integer"),
            choice("timeout_error", word("TIMEOUT"), word("ERROR"), flags="optional"),
        ),
        "command|getkeys": (),
        "command|getkeysandflags": (),
        "hello": (_HELLO_7_0,),
        "psubscribe": (block("pattern", Argument("pattern", "pattern"), flags="multiple"),),
        "sentinel|config": (
            choice(
                "set_or_get",
                block("set_param_value", *_PARAMETER_AND_VALUE, literal="SET", flags="multiple"),
                Argument("parameter", literal="GET", flags="multiple"),
            ),
        ),
        "sentinel|debug": (block("parameter_value", *_PARAMETER_AND_VALUE, flags="multiple"),),
        "sentinel|set": (
            Argument("master-name"),
            block("option_value", Argument("option"), Argument("value"), flags="multiple"),
        ),
        "shutdown": (
            choice("nosave_save", word("NOSAVE"), word("SAVE"), flags="optional"),
            word("NOW", "7.0.0", "optional"),
            word("FORCE", "7.0.0", "optional"),
            word("ABORT", "7.0.0", "optional"),
        ),
    },
    Mode.REDIS_7_2: {"client|kill": _KILL_7_2},
    Mode.VALKEY_8: {},
    Mode.QUORATE: {"client|kill": _KILL_7_2, "sentinel|failover": FAILOVER},
}
"""By mode and by full name: the arguments in place of those that the later servers have."""

SINCE: Mapping[Mode, Mapping[str, str]] = {
    Mode.REDIS_7_0: {"client|pause": "2.9.50"},
    Mode.REDIS_7_2: {},
    Mode.VALKEY_8: {},
    Mode.QUORATE: {},
}
"""By mode and by full name: another version in which the command is said to have come."""
