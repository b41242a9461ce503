"""What CLIENT HELP and COMMAND HELP say: as many lines as the mode's server, in words of our own."""

from quorate.model.settings import Mode
from quorate.wire.values import Reply, Simple

_HEAD = "{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"

_CACHING = "CACHING (YES|NO)\n    Decide whether the keys of the next command are tracked (OPTIN and OPTOUT modes)."
_CAPA = """\
CAPA <option> [options...]
    Known to the data server only:
    * REDIRECT
      It may redirect this client after a failover."""
_WHO = """\
GETREDIR
    Show the id of the client that gets our invalidations, -1 without tracking.
GETNAME
    Show the name of this connection.
ID
    Show the id of this connection.
INFO
    Describe this connection in the form of LIST.
KILL <ip:port>
    Close the connection that comes from this address.
KILL <option> <value> [<option> <value> [...]]
    Close all connections that fit every option:"""
_KILL_REDIS = """\
    * ADDR (<ip:port>|<unixsocket>:0)
      Where the connection comes from.
    * LADDR (<ip:port>|<unixsocket>:0)
      Where the connection arrives.
    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
      What kind of client it is.
    * USER <username>
      Whom it is logged in as.
    * SKIPME (YES|NO)
      Whether to spare this connection (yes unless told otherwise)."""
_KILL_VALKEY = """\
    * ADDR (<ip:port>|<unixsocket>:0)
      Where the connection comes from.
    * LADDR (<ip:port>|<unixsocket>:0)
      Where the connection arrives.
    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)
      What kind of client it is.
    * USER <username>
      Whom it is logged in as.
    * SKIPME (YES|NO)
      Whether to spare this connection (yes unless told otherwise).
    * ID <client-id> [<client-id>...]
      Its id is one of these.
    * MAXAGE <maxage>
      It is at least so many seconds old."""
_LIST_REDIS = """\
LIST [options ...]
    Describe all connections, a line each. Options:
    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
      Only clients of this kind."""
_LIST_VALKEY = """\
LIST [options ...]
    Describe all connections, a line each. Options:
    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)
      Only clients of this kind.
    * USER <username>
      Only those logged in as this user.
    * ADDR <ip:port>
      Only those that come from this address.
    * LADDR <ip:port>
      Only those that arrive at this address.
    * ID <client-id> [<client-id>...]
      Only those with one of these ids.
    * SKIPME (YES|NO)
      Whether to leave this connection out (no unless told otherwise).
    * MAXAGE <maxage>
      Only those at least so many seconds old."""
_FLOW = """\
UNPAUSE
    Lift a pause before its time.
PAUSE <timeout> [WRITE|ALL]
    Hold back the commands of all clients (WRITE: only PUBLISH) for so many milliseconds.
REPLY (ON|OFF|SKIP)
    Answer this connection always, never, or not the next time.
SETNAME <name>
    Name this connection."""
_SETINFO = """\
SETINFO <option> <value>
    Tell what is at the far end:
    * LIB-NAME: the client library.
    * LIB-VER: its version."""
_REST = """\
UNBLOCK <clientid> [TIMEOUT|ERROR]
    End the wait of a blocked client; on this port none ever blocks.
TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]
         [OPTIN] [OPTOUT] [NOLOOP]
    Track keys for a client's cache; a sentinel has none.
TRACKINGINFO
    Show what was asked for with TRACKING.
NO-EVICT (ON|OFF)
    Spare this connection when memory runs short."""
_NO_TOUCH = "NO-TOUCH (ON|OFF)\n    Known to the data server only."
_IMPORT = """\
IMPORT-SOURCE (ON|OFF)
    Known to the data server only: whether this connection
    imports data, and so may see keys that have
    expired."""
_LAST = "HELP\n    Show this text."

_COMMAND = """\
(no subcommand)
    Describe every command.
COUNT
    Count the commands.
LIST
    Name every command and subcommand.
INFO [<command-name> ...]
    Describe the commands named:
    arity, flags, categories;
    all of them if none is named.
DOCS [<command-name> ...]
    Document the commands named:
    purpose, arguments, history;
    all of them if none is named.
GETKEYS <full-command>
    Name the keys in a request; on this port there are none.
GETKEYSANDFLAGS <full-command>
    Name the keys in a request and how they are used; on this port there are none.
HELP
    Show this text."""


def _lines(container: str, *blocks: str) -> list[Reply]:
    head: list[Reply] = [Simple(_HEAD.format(container))]
    return head + [Simple(line) for block in blocks for line in block.split("\n")]


def client_help(mode: Mode) -> list[Reply]:
    """CLIENT HELP: a status line each."""
    match mode:
        case Mode.REDIS_7_0:
            return _lines("CLIENT", _CACHING, _WHO, _KILL_REDIS, _LIST_REDIS, _FLOW, _REST, _LAST)
        case Mode.REDIS_7_2 | Mode.QUORATE:
            options = (_KILL_REDIS, _LIST_REDIS, _FLOW, _SETINFO, _REST, _NO_TOUCH)
            return _lines("CLIENT", _CACHING, _WHO, *options, _LAST)
        case Mode.VALKEY_8:
            options = (_KILL_VALKEY, _LIST_VALKEY, _FLOW, _SETINFO, _REST, _NO_TOUCH)
            return _lines("CLIENT", _CACHING, _CAPA, _WHO, *options, _IMPORT, _LAST)


def command_help() -> list[Reply]:
    """COMMAND HELP: a status line each."""
    return _lines("COMMAND", _COMMAND)
