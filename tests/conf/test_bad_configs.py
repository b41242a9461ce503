"""A broken configuration is refused with the block of C Sentinel: banner, line number and file, line, reason."""

import subprocess
from pathlib import Path

import pytest

from quorate.conf.load import ConfigError, Nowhere, load
from quorate.conf.options import Source
from quorate.model.identity import RunId
from quorate.model.settings import Mode
from tests.conf.bad_configs import CASES, OURS_ONLY, Bad

_ID = RunId("e" * 40)


class _Machine(Nowhere):
    """Just enough of a machine for the table: /tmp is there, /nope and /nonexistent are not."""

    def enter(self, directory: str) -> str:
        if directory.startswith("/nonexistent"):
            raise FileNotFoundError(2, "No such file or directory", directory)
        return directory

    def is_executable(self, path: str) -> bool:
        return path != "/nope"


def _refused(text: str, mode: Mode | None, *extra: tuple[bytes, ...]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(Source("/etc/sentinel.conf", text.encode() + b"\n", extra), _ID, mode, _Machine())
    return caught.value


@pytest.mark.parametrize(
    ("bad", "mode"),
    [
        pytest.param(bad, mode, id=f"{mode.value} {bad.text[-60:]}")
        for bad in (*CASES, *OURS_ONLY)
        for mode in bad.modes
    ],
)
def test_the_first_wrong_line_is_named_with_the_reason(bad: Bad, mode: Mode) -> None:
    error = _refused(bad.text, mode)
    assert (error.number, error.line, error.reason) == (bad.number, bad.line, bad.reason)
    assert error.path == "/etc/sentinel.conf"


@pytest.mark.parametrize(
    ("mode", "banner"),
    [
        (Mode.REDIS_7_0, "(Redis 7.0.15)"),
        (Mode.REDIS_7_2, "(Redis 7.2.11)"),
        (Mode.VALKEY_8, "(Version 8.1.4)"),
    ],
)
def test_the_block_is_an_empty_line_and_four_lines(mode: Mode, banner: str) -> None:
    assert str(_refused("port 1\nport abc", mode)).split("\n") == [
        "",
        f"*** FATAL CONFIG FILE ERROR {banner} ***",
        "Reading the configuration file, at line 2 of /etc/sentinel.conf",
        ">>> 'port abc'",
        "argument couldn't be parsed into an integer",
    ]


def test_the_mode_of_the_file_counts_from_its_first_line() -> None:
    assert "(Version" in str(_refused("port abc\n#quorate compatible-with valkey-8", None))


def test_directives_of_the_command_line_count_on_after_the_file() -> None:
    error = _refused("port 17401", None, (b"sentinel",), (b"sentinel", b"auth-pass", b"a b", b"c"))
    assert (error.number, error.line) == (4, 'sentinel "auth-pass" "a b" "c"')
    assert "\nReading the configuration file, at line 4 (a directive of the command line)\n" in str(error)


def test_an_error_in_an_included_file_says_which() -> None:
    class WithFile(_Machine):
        def included(self, pattern: str) -> list[tuple[str, bytes]]:
            return [(pattern, b"port 1\nfoo 1\n")]

    with pytest.raises(ConfigError) as caught:
        load(Source("/etc/s.conf", b"\n\ninclude /etc/more.conf\n"), _ID, None, WithFile())
    assert (caught.value.path, caught.value.number) == ("/etc/more.conf", 2)
    assert "\nReading the configuration file, at line 2 of /etc/more.conf\n" in str(caught.value)


def test_files_that_include_each_other_are_refused() -> None:
    class Mirror(_Machine):
        def included(self, pattern: str) -> list[tuple[str, bytes]]:
            return [(pattern, b"include again.conf\n")]

    with pytest.raises(ConfigError, match="16 times deep"):
        load(Source("/etc/s.conf", b"include again.conf\n"), _ID, None, Mirror())


@pytest.mark.real
@pytest.mark.parametrize("server", ["redis_server", "valkey_server"])
def test_c_refuses_the_same_lines_with_the_same_words(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    binary: Path = request.getfixturevalue(server)
    mode = Mode.REDIS_7_0 if server == "redis_server" else Mode.VALKEY_8
    if server == "redis_server" and "v=7.0." not in subprocess.check_output([binary, "-v"], text=True):
        pytest.skip("the table is about 7.0")
    path = tmp_path / "sentinel.conf"
    different = []
    for bad in CASES:
        if mode not in bad.modes:
            continue
        path.write_text(bad.text + "\n")
        block = _stderr_of(binary, path)
        ours = str(_refused(bad.text, mode)).replace(" of /etc/sentinel.conf\n", "\n", 1).split("\n")
        if block[2:] != ours[2:]:
            different.append((bad.text, block[2:], ours[2:]))
        assert path.read_text() == bad.text + "\n"
    assert not different


def _stderr_of(binary: Path, path: Path) -> list[str]:
    try:
        done = subprocess.run(
            [binary, path, "--sentinel"], capture_output=True, text=True, timeout=5, check=False, cwd=path.parent
        )
    except subprocess.TimeoutExpired:
        return ["it started"]
    return done.stderr.rstrip("\n").split("\n")
