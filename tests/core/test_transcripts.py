"""Scenarios that a reviewer can read: each file of `transcripts/` holds verbs and the consequences they must have.

`pytest tests/core/test_transcripts.py --regenerate` writes them anew; read the difference before you keep it.
"""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from quorate.core import inputs
from quorate.core.inputs import Caller, Pong
from quorate.model.record import Entry
from quorate.wire import history
from tests.core.world import NAME, Puppet, Server, World
from tests.playing import play

FOLDER = Path(__file__).parent / "transcripts"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_transcript(path: Path, request: pytest.FixtureRequest) -> None:
    told = path.read_text()
    assert told.startswith("# "), "the first line says what the scenario proves"
    played = play(told, followed())
    if request.config.getoption("--regenerate"):
        path.write_text(played)
    assert played == told


def followed() -> Callable[[str], list[str]]:
    """A fresh world, and what a verb leads to in it."""
    world = World()

    def consequences(line: str) -> list[str]:
        obey(world, line)
        said, world.out = world.out, []
        return said

    return consequences


def obey(world: World, line: str) -> None:
    """Carry out one verb."""
    verb, *words = shlex.split(line)
    options = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    match verb:
        case "sentinel":
            for key, value in options.items():
                setattr(world, key.replace("-", "_"), int(value))
        case "master" | "replica":
            _server(world, verb, int(plain[0]), options)
        case "peer":
            world.puppets[int(plain[1])] = Puppet(plain[0], int(plain[1]), ours=options.get("kind", "ours") == "ours")
        case "start":
            world.start()
        case "run":
            world.run(int(plain[0]))
        case "loud":
            world.quiet = frozenset()
        case "quiet":
            world.quiet = World().quiet
        case "disk":
            world.disk = plain[0]
        case "believes":
            for puppet in world.puppets.values():
                if puppet.letter in plain:
                    epoch, port, config = (int(options[key]) for key in ("epoch", "master", "config"))
                    puppet.believes = (epoch, port, config)
        case "say-down" | "say-up":
            for puppet in world.puppets.values():
                if puppet.letter in plain:
                    puppet.says_down = verb == "say-down"
        case "say-gone" | "say-there":
            for puppet in world.puppets.values():
                if puppet.letter in plain:
                    puppet.gone = verb == "say-gone"
        case "vote":
            for puppet in world.puppets.values():
                if puppet.letter in plain[1:]:
                    puppet.vote = plain[0]
        case _:
            _to_servers(world, verb, plain, options)


def _server(world: World, verb: str, port: int, options: dict[str, str]) -> None:
    master = None if verb == "master" else next(s.port for s in world.servers.values() if s.follows is None)
    world.servers[port] = Server(
        port,
        int(options["of"]) if "of" in options else master,
        offset=int(options.get("offset", "0")),
        priority=int(options.get("priority", "100")),
        run_id=f"{port:040d}",
    )


def _to_servers(world: World, verb: str, plain: list[str], options: dict[str, str]) -> None:
    server = world.servers.get(int(plain[0])) if plain and plain[0].isdigit() else None
    match verb:
        case "kill":
            _down(world, int(plain[0]))
        case "freeze" | "thaw" if server:
            server.frozen = verb == "freeze"
        case "back" if server:
            server.up = True
            server.follows = int(options["as"]) if options.get("as", "master") != "master" else None
            server.run_id = options.get("run-id", server.run_id)
        case "reject" if server:
            server.rejecting = True
            world.break_links(server.port)
        case "accept" if server:
            server.rejecting = False
        case "denies" if server:
            server.pong, server.words = Pong.OTHER, "NOAUTH Authentication required."
        case "answers" if server:
            server.pong = Pong[plain[1]]
        case "cut" | "joined" if server:
            server.link_up, server.syncing = verb == "joined", "syncing" in plain
        case "hello":
            world.hello(plain[0], int(options["epoch"]), int(options["master"]), int(options["config"]))
        case "ask-vote":
            world.ask_vote(int(plain[0]), plain[1], int(options["epoch"]), int(options["master"]))
        case "move":
            to = ("127.0.0.1", int(options["to"])) if "to" in options else None
            timeout = int(options["timeout"]) if "timeout" in options else None
            world.submit(inputs.MoveRequested(Caller(int(plain[0])), NAME, to, timeout, "via-server" in plain))
        case "refuses" if server:
            server.refuses = plain[1] if len(plain) > 1 else ""
        case "version" if server:
            server.version = tuple(int(part) for part in plain[1].split("."))
        case "turn" if server:
            server.follows = int(options["of"]) if options["of"] else None
        case "offset" if server:
            server.offset = int(plain[1])
        case "leave":
            world.submit(inputs.Stopping())
        case "failover":
            world.submit(inputs.FailoverRequested(Caller(int(plain[0])), NAME))
        case "reset":
            world.submit(inputs.ResetRequested(Caller(int(plain[0])), (NAME,)))
        case "simulate":
            crash = (plain[1] == "crash-after-election", plain[1] == "crash-after-promotion")
            world.submit(inputs.FailureSimulated(Caller(int(plain[0])), *crash, None))
        case "stall":
            world.now += int(plain[0])
        case "show":
            _show(world)
        case "records":
            _records(world)
        case _:
            raise AssertionError(f"unknown verb: {verb}")


def _down(world: World, port: int) -> None:
    if port in world.servers:
        world.servers[port].up = False
    else:
        world.puppets[port].up = False
    world.break_links(port)


def _show(world: World) -> None:
    assert world.driver is not None
    view = world.driver.view(world.now)
    master = view.master(NAME)
    assert master is not None
    world.say(f"= {','.join(master.instance.flags)} {master.instance.port} config-epoch={master.config_epoch}")
    for replica in view.replicas(NAME):
        world.say(f"=   {','.join(replica.instance.flags)} {replica.instance.port} of {replica.master_port}")
    for peer in view.peers(NAME):
        world.say(f"=   {','.join(peer.instance.flags)} {peer.instance.name[:4]} {peer.instance.port}")


def _records(world: World) -> None:
    """What was recorded of each failover since the last time, field by field, run ids cut short."""
    for record in world.records:
        for field, value in history.plain(Entry(0, record)).items():
            if field not in {"began", "first", "attempts"}:
                world.say(f"{field:>16} {_brief(value)}")
    world.records.clear()


def _brief(value: history.Plain) -> str:
    match value:
        case dict():
            return ", ".join(f"{key} {_brief(item)}" for key, item in value.items())
        case list() if value and isinstance(value[0], dict):
            return "; ".join(_brief(item) for item in value)
        case list():
            return "[" + " ".join(_brief(item) for item in value) + "]"
        case str() if len(value) == 40:
            return value[:4]
        case _:
            return str(value) or "-"
