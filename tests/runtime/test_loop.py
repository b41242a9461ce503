"""Proves that the world does what the core wants, in order and once, wakes it in time, and speaks to everybody else."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from quorate.core.inputs import (
    FlushRequested,
    GlobalsChanged,
    HelloSeen,
    Input,
    LinkClosed,
    LinkOpened,
    Pinged,
    Pong,
    Resolved,
    Saved,
    SaveFailed,
    TuningChanged,
    Woke,
)
from quorate.core.outcome import (
    Disconnect,
    Done,
    Effect,
    Exit,
    ReconfigScript,
    Reply,
    Resolve,
    Save,
    Send,
    UseRenames,
)
from quorate.core.requests import ConnId, Ping
from quorate.model.identity import MasterName
from quorate.model.notice import Event, Level, Notice, Remark
from quorate.model.saved import SaveDelta
from quorate.model.settings import GlobalSettings
from quorate.runtime import clock
from quorate.runtime.loop import BROKEN
from quorate.runtime.tally import Tally
from quorate.wire.encode import encode_command
from tests.runtime.manor import MYID, Manor, open_house
from tests.runtime.stage import LOOPS, FarEnd, Notebook, eventually, play

both_loops = pytest.mark.parametrize("loop", LOOPS)

Ports = Callable[[int], list[int]]
CONN = ConnId(7)
DELTA = SaveDelta(3, GlobalSettings(MYID), 0)  # type: ignore[arg-type] # an epoch


def do(manor: Manor, *effects: Effect) -> None:
    """Have the core want these things now."""
    manor.driver.react = lambda _: effects
    manor.world.feed(Woke())
    manor.driver.react = lambda _: ()


@both_loops
def test_links_are_made_used_and_closed_as_the_core_wants(loop: str, free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            far = FarEnd()
            do(manor, far.order(), Send(CONN, Ping()), UseRenames(CONN, (("PING", "P1"),)), Send(CONN, Ping()))
            reader, writer = await far.accept()
            assert await reader.read(100) == encode_command("PING") + encode_command("P1")
            writer.write(b"+PONG\r\n")
            await eventually(lambda: bool(manor.driver.seen(Pinged)))
            assert manor.driver.seen(LinkOpened) == [LinkOpened(CONN, "127.0.0.1")]
            assert manor.driver.seen(Pinged) == [Pinged(CONN, Pong.PONG, "PONG")]
            do(manor, Disconnect(CONN), Send(CONN, Ping()), Disconnect(CONN), UseRenames(CONN, ()))
            assert await reader.read() == b""
            assert not manor.driver.seen(LinkClosed)
            await far.close()

    play(loop, scene())


def test_saves_names_scripts_and_ends_go_to_their_parts(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            script = ReconfigScript(MasterName("m"), ("/bin/x", "m", "leader"))
            do(manor, Save(DELTA), Resolve("a.example"), script, Exit(99))
            staff = manor.staff
            assert (staff.names, staff.scripts, staff.exits) == (["a.example"], [("/bin/x", "m", "leader")], [99])
            ((delta, users, done),) = staff.saves
            assert (delta, users) == (DELTA, ["default on"])
            done(3, None)
            done(4, "disk full")
            manor.world.feed(Resolved("a.example", "10.0.0.1"))
            assert [event for _, event in manor.driver.inputs[-3:]] == [
                Saved(3),
                SaveFailed(4, "disk full"),
                Resolved("a.example", "10.0.0.1"),
            ]

    play("uvloop", scene())


def test_notices_go_to_the_log_to_listeners_and_to_scripts_by_their_level(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(encode_command("PSUBSCRIBE", "*"))
            await guest.reader.readuntil(b":1\r\n")
            manor.log.level = Level.WARNING
            manor.world.tell(Notice(Event.SCRIPT_CHILD, "1", script="/bin/n"))
            manor.world.tell(Remark(Level.WARNING, "a remark"))
            manor.world.tell(Notice(Event.REBOOT, "I", MasterName("m"), "/bin/n"))
            manor.world.tell(Notice(Event.SDOWN, "I", MasterName("m"), "/bin/n"))
            manor.world.tell(Notice(Event.TILT, "x" * 2000))
            heard = b"".join(
                encode_command("pmessage", "*", channel, text)
                for channel, text in (("+reboot", "I"), ("+sdown", "I"), ("+tilt", "x" * 1023))
            )
            await guest.hears(heard)
            assert manor.staff.scripts == [("/bin/n", "+sdown", "I")]
            texts = [text[:12] for _, text in manor.log.lines]
            assert texts == ["a remark", "+sdown I", "+tilt xxxxxx"]

    play("uvloop", scene())


@both_loops
def test_the_core_is_woken_at_its_deadline_not_before_and_not_in_between(loop: str, free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            driver, start = manor.driver, clock.now()
            due = start + 40
            driver.wake = due

            def woken(event: Input) -> Sequence[Effect]:
                if isinstance(event, Woke) and clock.now() >= due:
                    driver.wake = None
                return ()

            driver.react = woken
            manor.world.start()
            driver.wake = start + 200
            manor.world.feed(Resolved("later", None))
            driver.wake = due
            manor.world.feed(Resolved("earlier again", None))
            await asyncio.sleep(0.25)
            first, second = (stamp for stamp, event in driver.inputs if isinstance(event, Woke))
            assert first <= start + 40
            assert second >= due

    play(loop, scene())


def test_a_deadline_that_moves_away_wakes_nobody_in_vain(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            manor.driver.wake = clock.now() + 10
            manor.world.feed(Resolved("a", None))
            manor.driver.wake = clock.now() + 10_000
            manor.world.feed(Resolved("b", None))
            await asyncio.sleep(0.05)
            assert not manor.driver.seen(Woke)

    play("uvloop", scene())


def test_a_core_that_always_wants_to_be_woken_leaves_time_for_others(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            manor.driver.wake = 1
            manor.world.start()

            def move(_: Input) -> Sequence[Effect]:
                manor.driver.wake = (manor.driver.wake or 0) + 1
                return ()

            manor.driver.react = move
            await asyncio.sleep(0.05)
            assert len(manor.driver.inputs) <= 60

    play("uvloop", scene())


@pytest.mark.parametrize("asking", [False, True])
def test_others_have_turns_between_the_parts_of_a_slot_only_while_somebody_asks(
    asking: bool, free_ports: Ports
) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            if asking:
                guest = await manor.visit()
                for _ in range(2):
                    guest.say(encode_command("PING", "hello"))
                    await guest.hears(b"$5\r\nhello\r\n")
            loop, turn, taken = asyncio.get_running_loop(), 0, list[int]()

            def count() -> None:
                nonlocal turn
                turn += 1
                loop.call_soon(count)

            def portion(event: Input) -> Sequence[Effect]:
                if isinstance(event, Woke):
                    taken.append(turn)
                    manor.driver.wake = manor.driver.wake if len(taken) < 5 else None
                return ()

            manor.driver.wake = clock.now() + 20
            manor.world.feed(Resolved("a", None))
            manor.driver.react = portion
            count()
            await eventually(lambda: len(taken) == 5)
            assert len(set(taken)) == (5 if asking else 1)

    play("uvloop", scene())


def test_an_input_that_comes_from_within_an_effect_is_the_next_one(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            order: list[str] = []

            def react(event: Input) -> Sequence[Effect]:
                order.append(type(event).__name__)
                return [Exit(1), Exit(2)] if isinstance(event, Woke) else ()

            def hasty(status: int) -> None:
                order.append(f"exit {status}")
                manor.world.feed(Resolved("x", None))

            manor.driver.react = react
            object.__setattr__(manor.world._ports, "terminate", hasty)
            manor.world.feed(Woke())
            await eventually(lambda: len(order) == 5)
            assert order == ["Woke", "exit 1", "exit 2", "Resolved", "Resolved"]

    play("uvloop", scene())


def test_time_never_runs_backwards_for_the_core(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            now = clock.now()
            manor.world.feed(Woke(), now)
            manor.world.feed(Woke(), now - 5)
            assert [stamp for stamp, _ in manor.driver.inputs] == [now, now]

    play("uvloop", scene())


def test_a_broken_rule_of_the_core_ends_the_process_and_is_explained_in_the_log(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:

            def broken(_: Input) -> Sequence[Effect]:
                raise AssertionError("two leaders")

            manor.driver.react = broken
            with pytest.raises(AssertionError):
                manor.world.feed(Woke())
            assert manor.staff.exits == [BROKEN]
            assert manor.log.lines[-1] == (Level.WARNING, "AssertionError: two leaders")

    play("uvloop", scene())


def test_errors_in_callbacks_go_to_the_log_and_not_to_standard_error(
    free_ports: Ports, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            manor.world.start()
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: list[int]().pop())
            loop.call_exception_handler({"message": "reset", "exception": ConnectionResetError(104, "reset by peer")})
            await eventually(lambda: any("IndexError" in line for _, line in manor.log.lines))
            assert (Level.DEBUG, "reset: [Errno 104] reset by peer") in manor.log.lines

    play("uvloop", scene())
    assert capfd.readouterr().err == ""


def test_questions_of_clients_reach_the_core_and_move_the_worlds_own_knobs(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:

            def react(event: Input) -> Sequence[Effect]:
                if isinstance(event, (TuningChanged, GlobalsChanged, FlushRequested)):
                    return [Reply(event.caller, Done())]
                return ()

            manor.driver.react = react
            guest = await manor.visit()
            guest.say(encode_command("SENTINEL", "DEBUG", "info-period", "5000"))
            await guest.hears(b"+OK\r\n")
            assert manor.staff.limits_changes == 1
            guest.say(encode_command("SENTINEL", "CONFIG", "SET", "loglevel", "warning"))
            await guest.hears(b"+OK\r\n")
            # The stand-in for the core still says notice, and that is what counts.
            assert manor.log.level is Level.NOTICE
            guest.say(encode_command("SENTINEL", "FLUSHCONFIG"))
            await guest.hears(b"+OK\r\n")
            assert len(manor.driver.seen(FlushRequested)) == 1

    play("uvloop", scene())


def test_a_hello_published_to_our_port_is_an_input_after_the_reply(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            payload = f"127.0.0.1,26379,{'d' * 40},4,mymaster,127.0.0.1,6379,4"
            guest.say(encode_command("PUBLISH", "__sentinel__:hello", payload))
            await guest.hears(b":1\r\n")
            (seen,) = manor.driver.seen(HelloSeen)
            assert isinstance(seen, HelloSeen)
            assert seen.conn is None

    play("uvloop", scene())


def test_info_counts_what_happened(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(encode_command("PING"))
            await guest.hears(b"+PONG\r\n")
            manor.world.drop("hello", "master m")
            facts = manor.world.facts()
            assert (facts.commands_processed, facts.bytes_in, facts.bytes_out) == (1, 14, 7)
            assert (facts.connections_received, facts.dropped_inputs, facts.tcp_port) == (1, 1, manor.port)

    play("uvloop", scene())


def test_nonsense_is_told_to_the_log_once_a_minute_for_each_kind() -> None:
    log = Notebook()
    tally = Tally(log)
    for now in (1000, 2000, 3000, 61_001, 61_002):
        tally.drop("hello", "master m", now)
    tally.drop("INFO", "slave s", 61_002)
    assert tally.total == 6
    assert [text for _, text in log.lines] == [
        "Ignored 1 malformed hello(s), the last one from master m",
        "Ignored 3 malformed hello(s), the last one from master m",
        "Ignored 1 malformed INFO(s), the last one from slave s",
    ]
