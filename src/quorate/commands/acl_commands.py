"""The subcommands of ACL."""

from collections.abc import Iterable, Mapping

from quorate.commands.acl import AclFileError, Denial, Reason, User
from quorate.commands.acl_log_command import log
from quorate.commands.acl_rules import RuleError, Selector, joined_selectors
from quorate.commands.acl_text import bad_name
from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.errors import echo, refused, wrong_arity, wrong_subcommand
from quorate.commands.numbers import NOT_AN_INTEGER, integer
from quorate.commands.results import whole
from quorate.commands.table import CATEGORIES, TABLES
from quorate.model.identity import bytes_of, text_of
from quorate.model.settings import Mode
from quorate.wire.values import OK, Map, Reply, Set, Simple

_GENPASS_BITS = 256
_GENPASS_MOST = 4096

_HELP = (
    "ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CAT [<category>]",
    "    Name all categories of commands, or the commands of one category that",
    "    this port has.",
    "DELUSER <username> [<username> ...]",
    "    Remove users and close their connections.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Tell whether a user may run a command, without running it.",
    "GETUSER <username>",
    "    Show what is known of one user.",
    "GENPASS [<bits>]",
    "    Make up a password that nobody can guess: 256 random bits, or as many",
    "    as asked for, in hexadecimal.",
    "LIST",
    "    Show all users as lines of a configuration file.",
    "LOAD",
    "    Replace all users by those in the ACL file.",
    "LOG [<count> | RESET]",
    "    Show who was turned away lately, or forget it.",
    "SAVE",
    "    Write all users to the ACL file.",
    "SETUSER <username> <attribute> [<attribute> ...]",
    "    Change a user by the given rules; a new one is made if need be.",
    "USERS",
    "    Show the names of all users.",
    "WHOAMI",
    "    Show the user of this connection.",
    "HELP",
    "    Show these lines.",
)


def _explained(denial: Denial, user: User, mode: Mode) -> str:
    who = "This user" if mode is Mode.REDIS_7_0 else f"User {user.name}"
    what = text_of(denial.object)
    if denial.reason is Reason.CHANNEL:
        return f"{who} has no permissions to access the '{what}' channel"
    return f"{who} has no permissions to run the '{what}' command"


# --- looking ----------------------------------------------------------------------------------------------------------


def cat(host: Host, session: Session, args: list[bytes]) -> Now:
    """All categories, or the commands of one."""
    if len(args) > 3:
        return refused(wrong_subcommand(args))
    if len(args) == 2:
        return Now(([name.encode() for name in CATEGORIES],))
    category = text_of(args[2].lower())
    if category not in CATEGORIES:
        return refused(f"ERR Unknown category '{echo(args[2])}'")
    table = TABLES[host.view().settings.mode]
    return Now(([command.name.encode() for command in table.listed() if category in command.categories],))


def whoami(host: Host, session: Session, args: list[bytes]) -> Now:
    """The user of this connection."""
    return Now((bytes_of(session.user.name),))


def users(host: Host, session: Session, args: list[bytes]) -> Now:
    """All names."""
    return Now(([bytes_of(user.name) for user in host.acl.sorted()],))


def list_(host: Host, session: Session, args: list[bytes]) -> Now:
    """All users, each as a line of a configuration file."""
    return Now(([bytes_of(user.describe()) for user in host.acl.sorted()],))


def getuser(host: Host, session: Session, args: list[bytes]) -> Now:
    """One user as a map; null for an unknown one."""
    user = host.acl.users.get(text_of(args[2]))
    if user is None:
        return Now((None,))
    root, *others = user.selectors
    flags: list[Reply] = [flag.encode() for flag in user.flags()]
    passwords: list[Reply] = [password.encode() for password in user.passwords]
    selectors: list[Reply] = [Map(_rights(selector)) for selector in others]
    pairs: list[tuple[Reply, Reply]] = [(b"flags", Set(flags)), (b"passwords", passwords), *_rights(root)]
    return Now((Map([*pairs, (b"selectors", selectors)]),))


def _rights(selector: Selector) -> list[tuple[Reply, Reply]]:
    return [
        (b"commands", bytes_of(selector.describe_commands())),
        (b"keys", bytes_of(selector.describe_keys())),
        (b"channels", bytes_of(selector.describe_channels())),
    ]


def dryrun(host: Host, session: Session, args: list[bytes]) -> Now:
    """+OK, or in words what stands against the command."""
    user = host.acl.users.get(text_of(args[2]))
    if user is None:
        return refused(f"ERR User '{whole(args[2])}' not found")
    mode = host.view().settings.mode
    words = args[3:]
    command = TABLES[mode].find(words)
    if command is None:
        return refused(f"ERR Command '{whole(words[0])}' not found")
    if not command.accepts(len(words)):
        return refused(wrong_arity(command.name))
    denial = user.denies(command, words)
    return Now((Simple("OK") if denial is None else bytes_of(_explained(denial, user, mode)),))


def genpass(host: Host, session: Session, args: list[bytes]) -> Now:
    """Random hexadecimal digits, four bits each."""
    if len(args) > 3:
        return refused(wrong_subcommand(args))
    bits = integer(args[2]) if len(args) == 3 else _GENPASS_BITS
    if bits is None:
        return refused(NOT_AN_INTEGER)
    if not 0 < bits <= _GENPASS_MOST:
        return refused(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to "
            f"{_GENPASS_MOST}"
        )
    digits = (bits + 3) // 4
    return Now((host.random_bytes((digits + 1) // 2).hex()[:digits].encode(),))


def help_(host: Host, session: Session, args: list[bytes]) -> Now:
    """What ACL can do, a status line each."""
    return Now(([Simple(line) for line in _HELP],))


# --- changing ---------------------------------------------------------------------------------------------------------


def setuser(host: Host, session: Session, args: list[bytes]) -> Now:
    """Create or change a user, wholly or not at all."""
    if bad_name(args[2]):
        return refused("ERR Usernames can't contain spaces or null characters")
    try:
        rules = joined_selectors(args[3:])
    except ValueError as error:
        return refused(f"ERR Unmatched parenthesis in acl selector starting at '{error}'.")
    try:
        user = host.acl.set_user(text_of(args[2]), rules)
    except RuleError as error:
        return refused(f"ERR Error in ACL SETUSER modifier '{whole(error.rule)}': {error}")
    _drop_listeners(host, [user])
    return Now((OK,))


def deluser(host: Host, session: Session, args: list[bytes]) -> Now:
    """Remove users and close their connections; answers how many there were."""
    names = [text_of(name) for name in args[2:]]
    if host.acl.default.name in names:
        return refused("ERR The 'default' user cannot be removed")
    gone = [user for name in names if (user := host.acl.users.pop(name, None)) is not None]
    _drop_users(host, gone)
    return Now((len(gone),))


def load(host: Host, session: Session, args: list[bytes]) -> Now:
    """Replace all users by those of the ACL file, or change nothing and list what is wrong with it."""
    path = host.acl_file()
    if not path:
        return refused(_no_file(host))
    try:
        text = host.read_acl_file()
    except OSError as error:
        return refused(f"ERR Error loading ACLs, opening file '{path}': {error.strerror}")
    try:
        gone = host.acl.load_file(text, path)
    except AclFileError as error:
        return refused(f"ERR {error}")
    _drop_users(host, gone)
    _drop_listeners(host, host.acl.users.values())
    return Now((OK,))


def save(host: Host, session: Session, args: list[bytes]) -> Now:
    """Write all users to the ACL file."""
    if not host.acl_file():
        return refused(_no_file(host))
    try:
        host.write_acl_file(host.acl.file_text())
    except OSError:
        return refused(
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information"
        )
    return Now((OK,))


def _no_file(host: Host) -> str:
    redis = host.view().settings.mode is not Mode.VALKEY_8
    owner, file = ("This Redis", "a Redis") if redis else ("This", "a")
    return (
        f"ERR {owner} instance is not configured to use an ACL file. You may want to specify users via the "
        f"ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have {file} configuration file set) in "
        f"order to store users in the {'Redis ' if redis else ''}configuration."
    )


def _drop_users(host: Host, gone: Iterable[User]) -> None:
    """Close the connections of removed users; from now on they are nobody."""
    removed = set(gone)
    for session in [one for one in host.sessions() if one.user in removed]:
        session.user, session.authenticated = host.acl.default, False
        host.close(session)


def _drop_listeners(host: Host, changed: Iterable[User]) -> None:
    """Close connections that listen to what their user may no longer hear."""
    users_ = {user for user in changed if not user.unrestricted}
    for session in [one for one in host.sessions() if one.user in users_]:
        if not session.user.may_listen(session.channels, session.patterns):
            host.close(session)


HANDLERS: Mapping[str, Handler] = {
    "acl|cat": cat,
    "acl|deluser": deluser,
    "acl|dryrun": dryrun,
    "acl|genpass": genpass,
    "acl|getuser": getuser,
    "acl|help": help_,
    "acl|list": list_,
    "acl|load": load,
    "acl|log": log,
    "acl|save": save,
    "acl|setuser": setuser,
    "acl|users": users,
    "acl|whoami": whoami,
}
