"""Incidents that others reported, played on the simulated world: each file of this folder is one, meant to be read.

Its first line says what it proves, the second where the incident was reported; what we do badly today stands there as
it is. `pytest tests/sim/scenarios --regenerate` writes the consequences anew; read the difference before you keep it.
"""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.playing import play
from tests.sim.scenarios.stage import Stage

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_scenario(path: Path, request: pytest.FixtureRequest) -> None:
    told = path.read_text()
    first, second = told.splitlines()[:2]
    assert first.startswith("# "), "the first line says what the scenario proves"
    assert second.startswith("# P"), "the second names the pain and its source"
    played = play(told, followed())
    if request.config.getoption("--regenerate"):
        path.write_text(played)
    assert played == told


def followed() -> Callable[[str], list[str]]:
    """A fresh stage, and what a verb leads to in it."""
    stage = Stage()

    def consequences(line: str) -> list[str]:
        obey(stage, line)
        said, stage.out = stage.out, []
        return said

    return consequences


def obey(stage: Stage, line: str) -> None:
    """Carry out one verb."""
    verb, *words = shlex.split(line)
    options = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    match verb:
        case "world":
            stage.build(options)
        case "run":
            stage.run(int(plain[0]))
        case "until":
            stage.until(plain[0], int(plain[1]))
        case "loud":
            stage.hidden = frozenset()
        case "count":
            stage.counting = True
        case "summary":
            stage.summary()
        case "show":
            stage.show()
        case "type":
            stage.type(plain[0], plain[1:])
        case "weather":
            stage.weather(options)
        case _:
            _trouble(stage, verb, plain, options)


def _trouble(stage: Stage, verb: str, names: list[str], options: dict[str, str]) -> None:
    match verb:
        case "kill" | "machine-dies":
            keep = int(options["keep"]) if "keep" in options else None
            for name in names:
                stage.stop(name, told=verb == "kill", keep=keep)
        case "start":
            for name in names:
                stage.start(name, int(options.get("load", "0")))
        case "move":
            for name in names:
                stage.move(name)
        case "stranger-at":
            stage.stranger(names[0], int(options["writes"]), follows="replica" in names)
        case "pause":
            for name in names:
                stage.node(name).paused = True
        case "resume":
            for name in names:
                stage.node(name).resume()
        case "cut-off":
            stage.cut(names)
        case "heal":
            stage.world.network.heal()
        case "busy":
            stage.server(names[0]).busy = True
        case "disk":
            disk = stage.sentinel(names[0]).disk
            disk.full, disk.delay = names[1] == "full", int(options.get("ms", "0"))
        case _:
            raise AssertionError(f"unknown verb: {verb}")
