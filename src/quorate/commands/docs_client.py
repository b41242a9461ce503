"""Documentation of AUTH, HELLO, PING and the subcommands of CLIENT."""

from collections.abc import Mapping

from quorate.commands.docs_words import Argument, Doc, block, choice, word

_GROUP = "connection"
_PER_CLIENT = "O(N) with N connected clients"
_YES_NO = (word("YES"), word("NO"))
_ON_OFF = (word("ON"), word("OFF"))
_FOLLOWER = "The type `replica` stands for `slave`, which is still understood."
_LEADER = "The type `primary` stands for `master`, which is still understood."


def _filters(since: str) -> tuple[Argument, ...]:
    """The filters that KILL and LIST share; `since` when LIST got them, "" for those that KILL has always had."""
    return (
        Argument("username", literal="USER", since=since, flags="optional"),
        Argument("addr", literal="ADDR", since=since, flags="optional", shown="ip:port"),
        Argument("laddr", literal="LADDR", since=since or "6.2.0", flags="optional", shown="ip:port"),
        choice("skipme", *_YES_NO, literal="SKIPME", since=since, flags="optional"),
        Argument("maxage", "integer", literal="MAXAGE", since=since or "8.0.0", flags="optional"),
    )


_KILL_TYPES = choice(
    "client-type",
    word("NORMAL"),
    word("MASTER", "3.2.0"),
    word("PRIMARY", "8.0.0"),
    word("SLAVE"),
    word("REPLICA", "5.0.0"),
    word("PUBSUB"),
    literal="TYPE",
    since="2.8.12",
    flags="optional",
)
_KILL = choice(
    "filter",
    Argument("old-format", shown="ip:port", deprecated_since="2.8.12"),
    choice(
        "new-format",
        Argument("client-id", "integer", literal="ID", since="2.8.12", flags="optional multiple"),
        _KILL_TYPES,
        *_filters(""),
        flags="multiple",
    ),
)
_LIST = (
    choice(
        "client-type",
        word("NORMAL"),
        word("MASTER"),
        word("REPLICA"),
        word("PUBSUB"),
        literal="TYPE",
        since="5.0.0",
        flags="optional",
    ),
    Argument("client-id", "integer", literal="ID", since="6.2.0", flags="optional multiple"),
    *_filters("8.1.0"),
)
_TRACKING = (
    choice("status", *_ON_OFF),
    Argument("client-id", "integer", literal="REDIRECT", flags="optional"),
    Argument("prefix", literal="PREFIX", flags="optional multiple multiple_token"),
    word("BCAST", flags="optional"),
    word("OPTIN", flags="optional"),
    word("OPTOUT", flags="optional"),
    word("NOLOOP", flags="optional"),
)
_HELLO = block(
    "arguments",
    Argument("protover", "integer"),
    block("auth", Argument("username"), Argument("password"), literal="AUTH", flags="optional"),
    Argument("clientname", literal="SETNAME", flags="optional"),
    flags="optional",
)

CLIENT: Mapping[str, Doc] = {
    "auth": Doc(
        "Logs the connection in.",
        "1.0.0",
        _GROUP,
        "O(N) with N passwords of the user",
        (Argument("username", since="6.0.0", flags="optional"), Argument("password")),
        (("6.0.0", "A user name can be given."),),
    ),
    "hello": Doc(
        "Chooses the protocol, and can log in and name the connection at once.",
        "6.0.0",
        _GROUP,
        arguments=(_HELLO,),
        history=(
            ("8.1.0", "Field `availability_zone`, where that is configured."),
            ("6.2.0", "Without a version it only describes the connection."),
        ),
    ),
    "ping": Doc("Answers, to show that it can.", "1.0.0", _GROUP, arguments=(Argument("message", flags="optional"),)),
    "client": Doc("Holds the commands about connections.", "2.4.0", _GROUP, "That of the subcommand."),
    "client|caching": Doc(
        "Says whether the keys of the next command are tracked.", "6.0.0", _GROUP, arguments=(choice("mode", *_YES_NO),)
    ),
    "client|getname": Doc("Gives the connection's name.", "2.6.9", _GROUP),
    "client|getredir": Doc("Gives the id of the client that invalidations go to.", "6.0.0", _GROUP),
    "client|help": Doc("Lists the subcommands.", "5.0.0", _GROUP),
    "client|id": Doc("Gives the connection's id.", "5.0.0", _GROUP),
    "client|info": Doc("Describes this connection.", "6.2.0", _GROUP),
    "client|kill": Doc(
        "Closes connections.",
        "2.4.0",
        _GROUP,
        _PER_CLIENT,
        (_KILL,),
        (
            ("2.8.12", "Filters can be given."),
            ("2.8.12", "Filter `ID`."),
            ("3.2.0", "Filter `TYPE` knows `master`."),
            ("5.0.0", _FOLLOWER),
            ("6.2.0", "Filter `LADDR`."),
            ("8.0.0", "Filter `MAXAGE`."),
            ("8.0.0", _LEADER),
            ("8.1.0", "Filter `ID` takes several numbers."),
        ),
    ),
    "client|list": Doc(
        "Describes all connections.",
        "2.4.0",
        _GROUP,
        _PER_CLIENT,
        _LIST,
        (
            ("2.8.12", "Each client has an `id`."),
            ("5.0.0", "Filter `TYPE`."),
            ("6.0.0", "Field `user`."),
            ("6.2.0", "Fields `argv-mem`, `tot-mem`, `laddr` and `redir`; filter `ID`."),
            ("7.0.0", "Fields `resp`, `multi-mem`, `rbs` and `rbp`."),
            ("7.0.3", "Field `ssub`."),
            ("8.0.0", _LEADER),
            ("8.1.0", "Filters `USER`, `ADDR`, `LADDR`, `SKIPME` and `MAXAGE`."),
        ),
    ),
    "client|no-evict": Doc(
        "Spares the connection when memory runs short.", "7.0.0", _GROUP, arguments=(choice("enabled", *_ON_OFF),)
    ),
    "client|pause": Doc(
        "Holds commands back for a while.",
        "3.0.0",
        _GROUP,
        arguments=(
            Argument("timeout", "integer"),
            choice("mode", word("WRITE"), word("ALL"), since="6.2.0", flags="optional"),
        ),
        history=(("6.2.0", "The mode, `WRITE` or `ALL`."),),
    ),
    "client|reply": Doc(
        "Says whether commands are answered.",
        "3.2.0",
        _GROUP,
        arguments=(choice("action", *_ON_OFF, word("SKIP")),),
    ),
    "client|setinfo": Doc(
        "Tells which client library is at the far end.",
        "7.2.0",
        _GROUP,
        arguments=(choice("attr", Argument("libname", literal="LIB-NAME"), Argument("libver", literal="LIB-VER")),),
    ),
    "client|setname": Doc("Names the connection.", "2.6.9", _GROUP, arguments=(Argument("connection-name"),)),
    "client|tracking": Doc(
        "Tracks keys for a client's cache; a sentinel has no keys.",
        "6.0.0",
        _GROUP,
        "O(1), more with some options.",
        _TRACKING,
    ),
    "client|trackinginfo": Doc("Shows what is tracked for this connection.", "6.2.0", _GROUP),
    "client|unblock": Doc(
        "Ends the wait of a blocked client; none ever blocks here.",
        "5.0.0",
        _GROUP,
        "O(log N) with N connected clients",
        (
            Argument("client-id", "integer"),
            choice("unblock-type", word("TIMEOUT"), word("ERROR"), flags="optional"),
        ),
    ),
    "client|unpause": Doc("Lifts a pause.", "6.2.0", _GROUP, "O(N) with N paused clients"),
}
