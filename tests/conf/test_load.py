"""What a good configuration means: defaults, passes, includes, merging of duplicates, epochs, modes, warnings."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from quorate.conf.load import ConfigError, Nowhere, load
from quorate.conf.options import Config, OutputLimit, Source
from quorate.conf.process import STANDARD
from quorate.conf.table_data import ALIASES
from quorate.model.identity import RunId, bytes_of
from quorate.model.saved import SavedPeer
from quorate.model.settings import GlobalSettings, MasterSettings, Mode

_NEW = RunId("e" * 40)
_MYID = "a" * 40
_PEER = "b" * 40


def _load(text: str | bytes, *extra: tuple[bytes, ...], mode: Mode | None = None) -> Config:
    data = text if isinstance(text, bytes) else text.encode()
    return load(Source("s.conf", data, extra), _NEW, mode)


def test_an_empty_file_is_a_sentinel_with_a_new_id_and_no_masters() -> None:
    config = _load("")
    assert config.saved.settings == GlobalSettings(_NEW)
    assert config.saved.masters == ()
    assert not config.has_myid
    process = config.process
    assert (process.port, process.bind, process.protected_mode) == (26379, ("*", "-::*"), False)
    assert (process.clients.maxclients, process.clients.backlog, process.clients.keepalive) == (10000, 511, 300)
    assert process.clients.pubsub == OutputLimit(32 << 20, 8 << 20, 60)
    assert config.warnings == ()


def test_every_sentinel_directive_is_understood_in_any_order() -> None:
    config = _load(f"""
        sentinel known-sentinel m 10.0.0.3 26379 {_PEER}
        sentinel known-slave m 10.0.0.2 6380
        SENTINEL Known-Replica m 10.0.0.4 6380
        sentinel config-epoch m 4
        sentinel leader-epoch m 5
        sentinel down-after-milliseconds m 5000
        sentinel failover-timeout m 60000
        sentinel parallel-syncs m 3
        sentinel notification-script m /n.sh
        sentinel client-reconfig-script m /c.sh
        sentinel auth-pass m "se cret"
        sentinel auth-user m me
        sentinel rename-command m CONFIG guess
        sentinel primary-reboot-down-after-period m 7
        sentinel monitor m 127.1 6379 2
        sentinel announce-ip 1.2.3.4
        sentinel announce-port 1234
        sentinel deny-scripts-reconfig no
        sentinel sentinel-user su
        sentinel sentinel-pass sp
        sentinel resolve-hostnames yes
        sentinel announce-hostnames yes
        sentinel myid {_MYID}
        sentinel current-epoch 3
        sentinel monitor other db.example 6379 1
    """)
    options = MasterSettings(2, 5000, 60000, 3, "/n.sh", "/c.sh", "me", "se cret", (("CONFIG", "guess"),), 7)
    replicas = (("10.0.0.2", 6380), ("10.0.0.4", 6380))
    peers = (SavedPeer("10.0.0.3", 26379, RunId(_PEER)),)
    first, second = config.saved.masters
    assert (first.name, first.host, first.port, first.settings) == ("m", "127.0.0.1", 6379, options)
    assert (first.config_epoch, first.leader_epoch, first.replicas, first.peers) == (4, 5, replicas, peers)
    assert (second.host, second.settings) == ("db.example", MasterSettings(1))
    assert config.saved.current_epoch == 4, "a config epoch raises the current epoch"
    assert config.has_myid
    assert config.saved.settings == GlobalSettings(
        RunId(_MYID),
        announce_ip="1.2.3.4",
        announce_port=1234,
        resolve_hostnames=True,
        announce_hostnames=True,
        deny_scripts_reconfig=False,
        sentinel_user="su",
        sentinel_pass="sp",
    )


def test_options_of_the_process_have_their_places() -> None:
    process = _load(
        """
        port 1
        PORT 2
        bind 127.0.0.1 -::1
        requirepass "a b"
        loglevel Debug
        logfile /var/log/x
        unixsocketperm 0770
        timeout 7
        tls-port 3
        tls-auth-clients optional
        client-output-buffer-limit pubsub 1mb 2kb 3 normal 4 5 6
        user default on nopass
        user foo on >x ~*
        rename-command SHUTDOWN ""
        """
    ).process
    assert (process.port, process.bind, process.unixsocketperm) == (2, ("127.0.0.1", "-::1"), 0o770)
    assert (process.log.level, process.log.file, process.clients.timeout) == ("debug", "/var/log/x", 7)
    assert (process.tls.port, process.tls.auth_clients) == (3, "optional")
    assert process.clients.pubsub == OutputLimit(1 << 20, 2048, 3)
    assert process.clients.normal == OutputLimit(4, 5, 6)
    assert process.acl.users == (("default", "on", "nopass"), ("foo", "on", ">x", "~*"))
    assert process.acl.requirepass == "a b"
    assert process.renames == (("SHUTDOWN", ""),)


def test_what_the_core_needs_of_the_process_is_in_the_settings() -> None:
    text = "port 1\ntls-port 2\nrequirepass x\nloglevel verbose\n"
    settings = _load(text).saved.settings
    assert (settings.listen_port, settings.requirepass, settings.loglevel) == (1, "x", "verbose")
    assert _load(text + "tls-replication yes").saved.settings.listen_port == 2


def test_the_command_line_comes_last() -> None:
    config = _load("port 1\n", (b"port", b"2"), (b"sentinel", b"monitor", b"m", b"1.1.1.1", b"1", b"1"), (b"sentinel",))
    assert config.process.port == 2
    assert [master.name for master in config.saved.masters] == ["m"]


@pytest.mark.parametrize("name", [*STANDARD, *ALIASES])
def test_every_standard_directive_is_accepted_with_its_default(name: str) -> None:
    row = STANDARD[ALIASES.get(name, name)]
    values = {"dir": "/tmp", "client-output-buffer-limit": "normal 0 0 0", "replicaof": "no one", "save": "1 1"}
    values["proc-title-template"] = f'"{row.default}"'
    value = values.get(row.name) or row.default or '""'
    assert _load(f"{name.upper()} {value}").standard.keys() == {row.name}


def test_at_least_the_directives_of_both_servers_are_there() -> None:
    assert len(STANDARD) + len(ALIASES) >= 201


def test_bytes_that_are_no_text_survive() -> None:
    config = _load(b'sentinel monitor caf\xe9 127.0.0.1 1 1\nsentinel auth-pass caf\xe9 "\\xff\\x00\xfe"\n')
    master = config.saved.masters[0]
    assert bytes_of(master.name) == b"caf\xe9"
    assert bytes_of(master.settings.auth_pass) == b"\xff\x00\xfe"


def test_crlf_files_are_read() -> None:
    assert _load(b"port 5\r\n\r\n# x\r\n").process.port == 5


def test_identical_lines_are_merged_with_a_warning() -> None:
    """10.24: C writes such lines after announce-hostnames was toggled, and then does not start."""
    config = _load(
        "sentinel monitor m 1.1.1.1 1 1\n"
        "sentinel known-slave m 1.1.1.2 1\nsentinel known-replica m 1.1.1.2 1\n"
        f"sentinel known-sentinel m 1.1.1.3 1 {_PEER}\nsentinel known-sentinel m 1.1.1.3 1 {_PEER}\n"
        "sentinel rename-command m A B\nsentinel rename-command m A B\n"
    )
    master = config.saved.masters[0]
    assert (len(master.replicas), len(master.peers), len(master.settings.renames)) == (1, 1, 1)
    assert len(config.warnings) == 3
    assert all("twice" in warning for warning in config.warnings)


def test_numbers_are_read_as_c_reads_them() -> None:
    config = _load("sentinel monitor m 1.1.1.1 abc 3x\nsentinel config-epoch m zzz\n")
    master = config.saved.masters[0]
    assert (master.port, master.settings.quorum, master.config_epoch) == (0, 3, 0)


def test_an_epoch_may_be_far_ahead_by_two_to_the_32() -> None:
    text = "sentinel monitor m 1.1.1.1 1 1\nsentinel current-epoch 7\nsentinel config-epoch m {}\n"
    assert _load(text.format(7 + (1 << 32))).saved.current_epoch == 7 + (1 << 32)
    with pytest.raises(ConfigError, match="too far ahead"):
        _load(text.format(8 + (1 << 32)))


def test_our_own_epoch_may_be_anything_below_two_to_the_63() -> None:
    assert _load(f"sentinel current-epoch {(1 << 63) - 1}").saved.current_epoch == (1 << 63) - 1


@pytest.mark.parametrize("line", ["#quorate compatible-with valkey-8", "quorate COMPATIBLE-WITH Valkey-8"])
def test_the_mode_may_stand_in_the_file(line: str) -> None:
    config = _load(line)
    assert config.saved.settings.mode is Mode.VALKEY_8
    assert config.process.default_pidfile == "/var/run/valkey.pid"
    assert config.process.log.syslog_ident == "valkey"
    assert _load(line, mode=Mode.REDIS_7_0).saved.settings.mode is Mode.REDIS_7_0, "the command line wins"


def test_a_comment_that_only_looks_like_ours_is_a_comment() -> None:
    config = _load("#quorate is nice\n#quorateX\n# quorate compatible-with redis-7.0\n")
    assert config.saved.settings.mode is Mode.REDIS_7_2
    assert config.warnings == ("line 1 begins with #quorate but is no directive of this version",)


def test_what_has_no_effect_is_said_where_somebody_may_wait_for_it() -> None:
    config = _load("tls-session-cache-size 5\nmaxmemory 1gb\nmymodule.option 1\n")
    assert [warning.split()[0] for warning in config.warnings] == ["mymodule.option", "tls-session-cache-size"]


class _Files(Nowhere):
    def __init__(self, **files: str) -> None:
        self.files = files
        self.entered: list[str] = []

    def included(self, pattern: str) -> Sequence[tuple[str, bytes]]:
        return [(pattern, self.files[pattern].encode())]

    def enter(self, directory: str) -> str:
        self.entered.append(directory)
        return "/full/" + directory


def test_included_files_stand_where_their_line_stands() -> None:
    files = _Files(a="port 2\ninclude b\n", b="timeout 9\nsentinel auth-pass m x\n")
    source = Source("s.conf", b"port 1\ninclude a\nsentinel monitor m 1.1.1.1 1 1\n")
    config = load(source, _NEW, None, files)
    assert (config.process.port, config.process.clients.timeout) == (2, 9)
    assert config.saved.masters[0].settings.auth_pass == "x"


def test_an_included_master_that_was_rewritten_into_the_file_does_not_prevent_the_next_start() -> None:
    """C stops with `Duplicate master name.` at the second start from such a file."""
    files = _Files(a=f"sentinel monitor m 1.1.1.1 1 1\nsentinel known-sentinel m 1.1.1.9 1 {_PEER}\n")
    first = load(Source("s.conf", b"include a\n"), _NEW, None, files)
    assert first.saved.masters[0].host == "1.1.1.1"
    text = f"include a\nsentinel monitor m 2.2.2.2 1 1\nsentinel known-sentinel m 1.1.1.8 1 {_PEER}\n"
    second = load(Source("s.conf", text.encode()), _NEW, None, files)
    assert second.saved.masters[0].host == "2.2.2.2"
    assert [peer.host for peer in second.saved.masters[0].peers] == ["1.1.1.8"]


def test_directories_are_entered_while_reading() -> None:
    files = _Files()
    config = load(Source("s.conf", b"dir a\ndir b\n"), _NEW, None, files)
    assert files.entered == ["a", "b"]
    assert config.process.directory == "/full/b"


def test_a_new_id_is_taken_only_where_the_file_has_none() -> None:
    config = _load(f"sentinel myid {_MYID}\n")
    assert config.saved.settings == replace(GlobalSettings(_NEW), myid=RunId(_MYID))


def test_users_are_checked_by_those_who_know() -> None:
    class Strict(Nowhere):
        def check_user(self, words: Sequence[str]) -> str | None:
            return None if words[1] == "on" else "Error in user declaration 'x': Syntax error"

    with pytest.raises(ConfigError, match="Syntax error"):
        load(Source("s.conf", b"user a on\nuser b x\n"), _NEW, None, Strict())


def test_the_working_directory_is_known_where_the_file_says_nothing() -> None:
    assert load(Source("s.conf", b""), _NEW, None, _Files()).process.directory == "/full/."
    assert _load("").process.directory == ""


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_bytes_survive_under_any_locale(locale: str) -> None:
    program = (
        "import sys\n"
        "from tests.conf.writing import rewritten\n"
        "sys.stdout.buffer.write(rewritten(sys.stdin.buffer.read(), None))\n"
    )
    data = b'# caf\xe9 \xff\nsentinel monitor m\xfc 127.0.0.1 1 1\nsentinel auth-pass m\xfc "\xff "\n'
    environment = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, env=environment, check=True)
    assert done.stdout.startswith(
        b'# caf\xe9 \xff\nsentinel monitor "m\\xfc" 127.0.0.1 1 1\nsentinel auth-pass "m\\xfc" "\\xff "\n'
    )
