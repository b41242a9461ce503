"""What differs from the C sentinels, request by request, and why."""

from collections.abc import Mapping

from tests.differential.theirs import Kind

_LATER_NAME = "Names that only the other servers or later versions have work in every mode."
_LATER_OPTION = "Options that only the other servers or later versions have work in every mode."
_OVERFLOW = "C adds the time to the clock, which overflows, and then does not pause; we say so, as later versions do."
_RECOMPUTED = (
    "C 7.0 shows command rules as it computes them anew; we, like later versions, show them as they were given."
)
_BROWSER = "C closes so fast that replies to earlier requests of the same packet are lost; we send them."
_UNANSWERED = "C does not answer a failed login while earlier replies still wait to be sent; we answer every request."

# What Valkey 9 does and Valkey 8, which the mode stands for, does not.
_FILTERS_9 = "Valkey 9 has filters of KILL and LIST that Valkey 8 does not have."
_DOCS_9 = "Valkey 9 documents what came after Valkey 8."
_EMPTY_9 = "Valkey 9 shows no subcommands as an empty array, Valkey 8 as an empty set."
_BUSY_9 = "Valkey 9 allows subcommands of CLIENT while a script runs, Valkey 8 does not."
_COORDINATED_9 = "Valkey 9 has SENTINEL FAILOVER name COORDINATED, so its arity is -3 there and 3 in Valkey 8."
_SANITIZE_9 = "Valkey 9 no longer shows sanitize-payload, which Valkey 8 sets on every user, and shows databases."
_STRANGER_9 = "Valkey 9 tells strangers nothing but NOAUTH; up to Valkey 8 unknown names and wrong counts are told."
_CONTROL_9 = "Valkey 9 has an error of its own for control characters; Valkey 8 shows them as blanks."
_QUOTES_9 = "Valkey 9 joins what follows a closing quote, which up to Valkey 8 is an error."
_STRANGER = r'"PING\r\nFOO\r\nSENTINEL\r\nSENTINEL FOO\r\nSENTINEL MASTER\r\n"'

_SET_REBOOT = "SENTINEL SET mymaster primary-reboot-down-after-period 0"
_BROWSED = r'"GET / HTTP/1.1\r\nUser-Agent: x\r\nHost: x\r\nPING\r\n"'
_LOGINS = (
    r'"AUTH bad\r\nAUTH default bad\r\nHELLO 2 AUTH default bad\r\nPING\r\nAUTH secret\r\nPING\r\nAUTH bad\r\nPING\r\n"'
)
_LOGINS_OF_BOB = (
    r'"AUTH bob x\r\nFOO\r\nROLE x\r\nSENTINEL\r\nHELLO 2 AUTH bob y\r\nCLIENT REPLY OFF\r\nACL WHOAMI\r\n"'
)

DIFFERENCES: Mapping[Kind, Mapping[str, str]] = {
    Kind.REDIS_7_0: {
        "CLIENT SETINFO lib-name x": _LATER_NAME,
        "CLIENT SETINFO LIB-VER 1.0": _LATER_NAME,
        "CLIENT SETINFO foo x": _LATER_NAME,
        'CLIENT SETINFO Lib-Name "a b"': _LATER_NAME,
        'CLIENT SETINFO lib-name ""': _LATER_NAME,
        "SENTINEL PRIMARY nobody": _LATER_NAME,
        "SENTINEL PRIMARIES": _LATER_NAME,
        "SENTINEL GET-PRIMARY-ADDR-BY-NAME mymaster": _LATER_NAME,
        "SENTINEL IS-PRIMARY-DOWN-BY-ADDR 127.0.0.1 {master} 0 *": _LATER_NAME,
        "CLIENT KILL ID 99998 99999": _LATER_OPTION,
        "CLIENT KILL MAXAGE 100000": _LATER_OPTION,
        "CLIENT KILL MAXAGE x": _LATER_OPTION,
        "CLIENT KILL MAXAGE 0": _LATER_OPTION,
        _SET_REBOOT: _LATER_OPTION,
        "CLIENT PAUSE 9223372036854775807": _OVERFLOW,
        "CLIENT KILL MAXAGE -5": _LATER_OPTION,
        "ACL GETUSER dora": _RECOMPUTED,
        _BROWSED: _BROWSER,
    },
    Kind.VALKEY_8: {
        _BROWSED: _BROWSER,
        _LOGINS: _UNANSWERED,
        _LOGINS_OF_BOB: _UNANSWERED,
    },
    Kind.VALKEY_9: {
        "CLIENT HELP": _FILTERS_9,
        "CLIENT LIST NOT-ID 3": _FILTERS_9,
        "CLIENT LIST IP 1.2.3.4": _FILTERS_9,
        "CLIENT LIST NAME foo": _FILTERS_9,
        "CLIENT KILL NOT-ID 3": _FILTERS_9,
        "CLIENT KILL IP 1.2.3.4": _FILTERS_9,
        "CLIENT KILL NAME foo": _FILTERS_9,
        "CLIENT KILL FLAGS x": _FILTERS_9,
        "COMMAND DOCS": _DOCS_9,
        "COMMAND DOCS client": _DOCS_9,
        "COMMAND DOCS shutdown psubscribe hello acl|cat acl|log": _DOCS_9,
        "COMMAND INFO ping foo client|list": _EMPTY_9,
        "COMMAND INFO acl|setuser": _EMPTY_9,
        "COMMAND INFO sentinel|config": _EMPTY_9,
        "COMMAND INFO acl": _EMPTY_9,
        "COMMAND INFO command": _EMPTY_9,
        "COMMAND INFO ACL|LIST": _EMPTY_9,
        "COMMAND INFO publish shutdown hello auth info role unsubscribe": _EMPTY_9,
        "COMMAND INFO client": _BUSY_9,
        "COMMAND INFO client|setinfo": _BUSY_9,
        "COMMAND INFO client|reply": _BUSY_9,
        "COMMAND": _COORDINATED_9,
        "COMMAND INFO": _COORDINATED_9,
        "COMMAND INFO sentinel": _COORDINATED_9,
        "SENTINEL FAILOVER a b": _COORDINATED_9,
        "ACL LIST": _SANITIZE_9,
        "ACL GETUSER default": _SANITIZE_9,
        "ACL GETUSER bob": _SANITIZE_9,
        "ACL GETUSER carl": _SANITIZE_9,
        "ACL GETUSER dora": _SANITIZE_9,
        _STRANGER: _STRANGER_9,
        _BROWSED: _BROWSER,
        r'SENTINEL SET mymaster "a\r\nb" 1': _CONTROL_9,
        r'SENTINEL CONFIG SET "a\r\nb" c': _CONTROL_9,
        r'SENTINEL CONFIG SET loglevel "a\r\nb"': _CONTROL_9,
        r'"PING \"a\"b\r\n"': _QUOTES_9,
    },
}
"""By server and by the text of the request."""

LATER_FIELDS = frozenset(
    b"""
    total_net_cluster_slot_import_bytes total_net_cluster_slot_export_bytes expired_fields
    expired_keys_with_volatile_items_stale_perc used_active_time_main_thread sentinel_total_tilt
    acl_access_denied_tls_cert acl_access_denied_db
    valkey_version redis_git_dirty tot-cmds
    """.split()
)
"""Fields of INFO that only Valkey 9 has, two that say what it is, and a counter that it counts a little differently."""
