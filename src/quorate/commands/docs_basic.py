"""Documentation of ACL, COMMAND, INFO, ROLE, SHUTDOWN and Pub/Sub."""

from collections.abc import Mapping

from quorate.commands.docs_words import Argument, Doc, block, choice, word

_SERVER = "server"
_PUBSUB = "pubsub"
_PER_USER = "O(N) with N users"
_PER_NAME = "O(N) with N names"
_USER = Argument("username")
_NAMES = (Argument("command-name", flags="optional multiple"),)
_REQUEST = (Argument("command"), Argument("arg", flags="optional multiple"))
_COUNT_OR_RESET = choice("operation", Argument("count", "integer"), word("RESET"), flags="optional")
_FILTER = choice(
    "filterby",
    Argument("module-name", literal="MODULE"),
    Argument("category", literal="ACLCAT"),
    Argument("pattern", "pattern", literal="PATTERN"),
    literal="FILTERBY",
    flags="optional",
)
_SHUTDOWN = choice(
    "abort-selector",
    block(
        "save-selector-block",
        choice("save-selector", word("NOSAVE"), word("SAVE"), flags="optional"),
        word("NOW", "7.0.0", "optional"),
        word("FORCE", "7.0.0", "optional"),
    ),
    word("ABORT", "7.0.0"),
    flags="optional",
)

BASIC: Mapping[str, Doc] = {
    "acl": Doc("Holds the commands about users and their rights.", "6.0.0", _SERVER, "That of the subcommand."),
    "acl|cat": Doc(
        "Lists the categories, or the commands of one.",
        "6.0.0",
        _SERVER,
        arguments=(Argument("category", flags="optional"),),
    ),
    "acl|deluser": Doc(
        "Removes users and closes their connections.",
        "6.0.0",
        _SERVER,
        arguments=(Argument("username", flags="multiple"),),
    ),
    "acl|dryrun": Doc("Says whether a user may run a command.", "7.0.0", _SERVER, arguments=(_USER, *_REQUEST)),
    "acl|genpass": Doc(
        "Makes up a password.", "6.0.0", _SERVER, arguments=(Argument("bits", "integer", flags="optional"),)
    ),
    "acl|getuser": Doc(
        "Shows the rights of a user.",
        "6.0.0",
        _SERVER,
        "O(N) with N rules of the user",
        (_USER,),
        (("6.2.0", "Shows channels."), ("7.0.0", "Shows selectors, and keys in the form of rules.")),
    ),
    "acl|help": Doc("Lists the subcommands.", "6.0.0", _SERVER),
    "acl|list": Doc("Lists the users with their rights.", "6.0.0", _SERVER, _PER_USER),
    "acl|load": Doc("Reads the users from the ACL file.", "6.0.0", _SERVER, _PER_USER),
    "acl|log": Doc(
        "Lists who was turned away lately.",
        "6.0.0",
        _SERVER,
        "O(N) with N entries shown",
        (_COUNT_OR_RESET,),
        (("7.2.0", "Entries have an id and the times of the first and the last refusal."),),
    ),
    "acl|save": Doc("Writes the users into the ACL file.", "6.0.0", _SERVER, _PER_USER),
    "acl|setuser": Doc(
        "Creates a user or changes its rights.",
        "6.0.0",
        _SERVER,
        "O(N) with N rules given",
        (_USER, Argument("rule", flags="optional multiple")),
        (("6.2.0", "Rights on channels."), ("7.0.0", "Selectors, and rights on keys by kind of access.")),
    ),
    "acl|users": Doc("Lists the names of the users.", "6.0.0", _SERVER, _PER_USER),
    "acl|whoami": Doc("Gives the user of this connection.", "6.0.0", _SERVER),
    "command": Doc("Describes all commands.", "2.8.13", _SERVER, "O(N) with N commands"),
    "command|count": Doc("Counts the commands.", "2.8.13", _SERVER),
    "command|docs": Doc("Documents commands.", "7.0.0", _SERVER, _PER_NAME, _NAMES),
    "command|getkeys": Doc("Names the keys in a request.", "2.8.13", _SERVER, "O(N) with N arguments", _REQUEST),
    "command|getkeysandflags": Doc(
        "Names the keys in a request and their use.", "7.0.0", _SERVER, "O(N) with N arguments", _REQUEST
    ),
    "command|help": Doc("Lists the subcommands.", "5.0.0", _SERVER),
    "command|info": Doc(
        "Describes commands.",
        "2.8.13",
        _SERVER,
        _PER_NAME,
        _NAMES,
        (("7.0.0", "Without a name it describes all commands."),),
    ),
    "command|list": Doc("Lists the names of the commands.", "7.0.0", _SERVER, "O(N) with N commands", (_FILTER,)),
    "info": Doc(
        "Tells the state of the process and of what it monitors.",
        "1.0.0",
        _SERVER,
        arguments=(Argument("section", flags="optional multiple"),),
        history=(("7.0.0", "Takes several sections."),),
    ),
    "role": Doc("Says that this is a sentinel, and of which masters.", "2.8.12", _SERVER),
    "shutdown": Doc(
        "Ends the process.",
        "1.0.0",
        _SERVER,
        arguments=(_SHUTDOWN,),
        history=(("7.0.0", "Words `NOW`, `FORCE` and `ABORT`."),),
    ),
    "psubscribe": Doc(
        "Listens to the channels whose names match patterns.",
        "2.0.0",
        _PUBSUB,
        "O(N) with N patterns given",
        (Argument("pattern", "pattern", flags="multiple"),),
    ),
    "publish": Doc(
        "Takes a hello from another sentinel.",
        "2.0.0",
        _PUBSUB,
        arguments=(Argument("channel"), Argument("message")),
    ),
    "punsubscribe": Doc(
        "Listens to patterns no longer.",
        "2.0.0",
        _PUBSUB,
        "O(N) with N patterns given",
        (Argument("pattern", "pattern", flags="optional multiple"),),
    ),
    "subscribe": Doc(
        "Listens to channels; each is an event by name.",
        "2.0.0",
        _PUBSUB,
        "O(N) with N channels given",
        (Argument("channel", flags="multiple"),),
    ),
    "unsubscribe": Doc(
        "Listens to channels no longer.",
        "2.0.0",
        _PUBSUB,
        "O(N) with N channels given",
        (Argument("channel", flags="optional multiple"),),
    ),
}
