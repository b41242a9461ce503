"""Words and whole examples of each language: what hypothesis shuffles, and what atheris begins with."""

from quorate.wire.history import line_of
from tests.records import FULL

_ID = b"187b7f66eafcf0790f96f665227edb78b0d559d0"

WORDS: dict[str, list[bytes]] = {
    "acl": [
        *(b"on off nopass resetpass allkeys allchannels allcommands nocommands resetkeys resetchannels reset".split()),
        *(b"clearselectors skip-sanitize-payload +ping -ping +@all -@all +@admin -@fast +sentinel|masters".split()),
        *(b"+sentinel +client|id ~* ~a %R~a %RW~b &* &a >secret <secret #00 !00 user default t ( ) (+ping) |".split()),
        b"#" + b"0" * 64, b" ", b"\n", b"\0", b"\xff", b"\t",
    ],
    "configuration": [
        *(b"sentinel monitor myid known-replica known-sentinel known-slave config-epoch leader-epoch".split()),
        *(b"current-epoch announce-ip announce-port down-after-milliseconds failover-timeout parallel-syncs".split()),
        *(b"auth-pass auth-user rename-command notification-script client-reconfig-script resolve-hostnames".split()),
        *(b"announce-hostnames deny-scripts-reconfig master-reboot-down-after-period sentinel-user user".split()),
        *(b"sentinel-pass port bind dir logfile loglevel requirepass aclfile include maxclients tls-port save".split()),
        *(b"#quorate quorate compatible-with redis-7.0 valkey-8 yes no m1 m2 127.0.0.1 ::1 1 2 0 -1 6379".split()),
        b" ", b"\n", b"\r\n", b'"', b"'", b"\\x00", b"\\", b"#", b"\0", b"\xff", _ID, b"9223372036854775808",
    ],
    "glob": [b"*", b"?", b"[", b"]", b"^", b"-", b"\\", b"a", b"b", b"Z", b"\xff", b"\0", b"[a-z]", b"[^", b"[z-a"],
    "hello": [
        b",", b"127.0.0.1", b"::1", b"fe80::1%eth0", b"h.example", b"26379", b"0", b"-1", b"9223372036854775807",
        b"65536", _ID, b"m1", b"\n", b" ", b'"', b"\xff", b"sentinel myid x",
    ],
    "history": [
        *(b"master cause ending began first attempts lasted epoch quorum voters old new leader told-by down".split()),
        *(b"votes candidates steps known-offset trailed without-majority address run-id priority offset".split()),
        *(b"chosen reason done down operator elsewhere followed silent sdown odown stood promoted".split()),
        *(b'{ } [ ] , : " 0 1 -1 1e99 99999999999999999999 true null NaN \\udcff \\u001b m 127.0.0.1:6379'.split()),
        b'"master":"m",', b'"cause":"down",', b'"ending":"done",', b"\n", b" ", b"\xff", b"\0",
    ],
    "info": [
        b"\r\n", b"\n", b"role:master", b"role:slave", b"run_id:", _ID, b"slave0:ip=10.0.0.1,port=6380,state=online",
        b"slave1:10.0.0.1,6380,online", b"master_host:", b"master_port:", b"10.0.0.1", b"6379", b"slave_priority:",
        b"slave_repl_offset:", b"master_link_status:up", b"master_link_down_since_seconds:", b"replica_announced:",
        b"-1", b"99999999999999999999", b"ip=", b"port=", b",", b"\0", b"\xff", b" ", b'"',
    ],
    "replies": [
        b"+PONG\r\n", b"-LOADING x\r\n", b":1\r\n", b":-1\r\n", b"$3\r\nabc\r\n", b"$-1\r\n", b"*2\r\n", b"*-1\r\n",
        b"*0\r\n", b"%1\r\n", b"~1\r\n", b">2\r\n", b"_\r\n", b"#t\r\n", b",1.5\r\n", b"(12\r\n", b"=5\r\ntxt:a\r\n",
        b"!1\r\nE\r\n", b"$5000\r\n", b"*5000\r\n", b"\r\n", b"\r", b"\n", b"\0", b"9", b"$", b"*",
    ],
    "requests": [
        b"*1\r\n$4\r\nPING\r\n", b"*2\r\n", b"$4\r\n", b"AUTH", b"PING\r\n", b"*11\r\n", b"$16385\r\n", b"*-1\r\n",
        b"*0\r\n", b"$-1\r\n", b"$0\r\n\r\n", b'"a b"', b'"\\x41"', b"'", b"\\", b"\r\n", b"\r", b"\n", b"\0", b" ",
        b"*", b"$", b"2147483648", b"99999999999999999999",
    ],
    "votes": [
        b"*3\r\n", b":1\r\n", b":0\r\n", b":-1\r\n", b"$1\r\n*\r\n", b"$40\r\n" + _ID + b"\r\n", b"40\r\n" + _ID,
        b"\r\n",
        b"1\r\n*\r\n:0\r\n", b":9223372036854775807\r\n", b":9223372036854775808\r\n", b"+x\r\n", b"$-1\r\n",
        b" ", b"\n",
    ],
}  # fmt: skip
"""By target: short pieces that mean something there."""

EXAMPLES: dict[str, list[bytes]] = {
    "acl": [b"\0on nopass ~* &* +@all", b"\0user default on nopass ~* &* +@all\nuser t on >x (+ping ~a)\n"],
    "configuration": [
        b'port 26379\nsentinel monitor m1 127.0.0.1 6379 2\nsentinel auth-pass m1 "a b"\n# a comment\n',
        b"sentinel myid " + _ID + b"\nsentinel monitor m1 127.0.0.1 6379 2\nsentinel config-epoch m1 3\n"
        b"sentinel leader-epoch m1 4\nsentinel known-replica m1 127.0.0.2 6379\nsentinel known-sentinel m1 127.0.0.3 "
        b"26379 " + _ID[::-1] + b"\nsentinel current-epoch 4\n#quorate compatible-with redis-7.0\n",
        b"sentinel monitor m 127.0.0.1 6379 2\n#quorate sentinel candidate-max-lag m 1mb\n",
        b"sentinel monitor m 127.0.0.1 6379 2\n#quorate sentinel crash-detection m yes\n",
        b"sentinel monitor m 127.0.0.1 6379 2\nsentinel confirm-by-replicas m yes\nsentinel confirm-timeout m 9\n",
        b"sentinel monitor m 127.0.0.1 6379 2\n#quorate sentinel replica-tag m 127.0.0.2 6379 nofailover\n",
    ],
    "glob": [b"+sdown*\0+sdown", b"[a-z]?\\*\0ab*"],
    "hello": [b"127.0.0.1,26379," + _ID + b",1,m1,127.0.0.2,6379,1"],
    "history": [line_of(FULL), b'{"master":"m","cause":"down","ending":"done"}'],
    "info": [
        b"# Server\r\nrun_id:"
        + _ID
        + b"\r\nrole:master\r\nslave0:ip=10.0.0.1,port=6380,state=online,offset=1,lag=0\r\n",
        b"run_id:" + _ID + b"\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n"
        b"slave_repl_offset:12\r\nslave_priority:100\r\nreplica_announced:1\r\n",
    ],
    "replies": [b"\x05+PONG\r\n*3\r\n:1\r\n$1\r\n*\r\n:0\r\n", b"\x03%1\r\n+k\r\n~1\r\n:1\r\n"],
    "requests": [b'\x04*1\r\n$4\r\nPING\r\nPING "a\\x41"\r\n', b"\x84*3\r\n$4\r\nAUTH\r\n$1\r\na\r\n$1\r\nb\r\n"],
    "votes": [b"*3\r\n:1\r\n$40\r\n" + _ID + b"\r\n:7\r\n", b"1\r\n*\r\n:0\r\n"],
}
"""By target: whole inputs that pass."""
