"""Proves that a client's requests are answered in order, however they arrive, and that no client costs too much."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from quorate.commands.acl import Book
from quorate.conf.options import ClientOptions, OutputLimit
from quorate.core.inputs import Caller, Input, ResetRequested, VoteRequested, Woke
from quorate.core.outcome import Count, Effect, Opinion, Reply, Tell
from quorate.model.identity import Epoch, MasterName
from quorate.model.notice import Event, Notice
from quorate.model.settings import Mode
from quorate.runtime import session
from quorate.wire.encode import encode, encode_command
from quorate.wire.values import Push
from tests.runtime.manor import Guest, Manor, open_house
from tests.runtime.stage import LOOPS, eventually, play

both_loops = pytest.mark.parametrize("loop", LOOPS)

Ports = Callable[[int], list[int]]
PING = encode_command("PING")
RESET = encode_command("SENTINEL", "RESET", "*")
OPINION = b"*3\r\n:%d\r\n$1\r\n*\r\n:0\r\n"
TOLD = Notice(Event.RESET_MASTER, "master mymaster 127.0.0.1 1")


def message(channel: bytes, payload: bytes, protocol: int) -> bytes:
    return encode(Push([b"message", channel, payload]), protocol)


def reset_at_once(event: Input) -> Sequence[Effect]:
    """What the core does with RESET: an event, then the reply."""
    if isinstance(event, ResetRequested):
        return [Tell(TOLD), Reply(event.caller, Count(1))]
    return ()


def caller_of(manor: Manor) -> Caller:
    """Whoever asked for the last RESET."""
    asked = [event for _, event in manor.driver.inputs if isinstance(event, ResetRequested)]
    return asked[-1].caller


def answer(manor: Manor, number: int) -> None:
    """Have the core answer the last RESET now."""
    caller = caller_of(manor)
    manor.driver.react = lambda _: [Reply(caller, Count(number))]
    manor.world.feed(ResetRequested(Caller(0), ()))
    manor.driver.react = lambda _: ()


def give(manor: Manor, reply: Reply) -> None:
    """Have the core answer somebody."""
    manor.driver.react = lambda event: [reply] if isinstance(event, Woke) else ()
    manor.world.feed(Woke())
    manor.driver.react = lambda _: ()


async def echo(guest: Guest, text: str) -> None:
    guest.say(encode_command("PING", text))
    await guest.hears(encode(text.encode(), 2))


@both_loops
def test_requests_arrive_whole_in_halves_or_byte_by_byte(loop: str, free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            for size in (1, 7, 1000):
                stream = PING + encode_command("PING", "x") + b"PING\r\n\n" + b"\r\n*0\r\nping 'a b'\n"
                for start in range(0, len(stream), size):
                    guest.say(stream[start : start + size])
                    await asyncio.sleep(0)
                await guest.hears(b"+PONG\r\n$1\r\nx\r\n+PONG\r\n$3\r\na b\r\n")

    play(loop, scene())


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (b"*1\r\n:1\r\n", b"-ERR Protocol error: expected '$', got ':'\r\n"),
        (b"*1\r\n$999999999999\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
        (b"*99999999999\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
        (b"x" * 70_000, b"-ERR Protocol error: too big inline request\r\n"),
        (b"'a\r\n", b"-ERR Protocol error: unbalanced quotes in request\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    ],
)
def test_a_stream_that_cannot_be_followed_is_ended_after_what_came_before(
    request_: bytes, error: bytes, free_ports: Ports
) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(PING + request_)
            await guest.is_shown_out(b"+PONG\r\n" + error)
            assert manor.world.facts().protocol_errors == (1 if error else 0)
            await echo(await manor.visit(), "still here")

    play("uvloop", scene())


def test_an_oversized_request_ends_the_connection_before_it_is_held(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0], ClientOptions(query_limit=1 << 20)) as manor:
            guest = await manor.visit()
            guest.say(b"*2\r\n$4\r\nPING\r\n$5000000\r\n" + b"x" * 3_000_000)
            await guest.is_shown_out()
            await eventually(lambda: not list(manor.world.sessions()))

    play("uvloop", scene())


def test_strangers_have_small_limits_until_they_log_in_even_within_one_packet(free_ports: Ports) -> None:
    async def scene() -> None:
        acl = Book(Mode.REDIS_7_2)
        acl.require_password("pw")
        async with open_house(free_ports(1)[0], acl=acl) as manor:
            big = encode_command("PING", "y" * 20_000)
            guest = await manor.visit()
            guest.say(encode_command("AUTH", "pw") + big)
            await guest.hears(b"+OK\r\n" + encode(b"y" * 20_000, 2))
            stranger = await manor.visit()
            stranger.say(encode_command("AUTH", "no") + big)
            await stranger.is_shown_out(
                b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
                b"-ERR Protocol error: unauthenticated bulk length\r\n"
            )

    play("uvloop", scene())


@both_loops
def test_what_follows_a_question_waits_for_its_answer_and_other_clients_do_not(loop: str, free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest, other = await manor.visit(), await manor.visit()
            guest.say(PING + RESET + encode_command("PING", "after") + RESET)
            await guest.hears(b"+PONG\r\n")
            await echo(other, "overtaking")
            assert len(manor.driver.seen(ResetRequested)) == 1
            guest.say(encode_command("PING", "later"))
            answer(manor, 7)
            await guest.hears(b":7\r\n$5\r\nafter\r\n")
            await eventually(lambda: len(manor.driver.seen(ResetRequested)) == 3)
            answer(manor, 8)
            await guest.hears(b":8\r\n$5\r\nlater\r\n")

    play(loop, scene())


@both_loops
@pytest.mark.parametrize("turn", [2, 0], ids=["in one turn", "others have a turn after each"])
def test_votes_that_are_asked_for_in_one_write_can_share_a_save(
    loop: str, turn: int, free_ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_TURN", turn)

    def ask(port: int) -> bytes:
        return encode_command("SENTINEL", "is-master-down-by-addr", "127.0.0.1", str(port), "5", "b" * 40)

    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(ask(1) + ask(2) + encode_command("PING", "between") + ask(3) + RESET + ask(4))
            await eventually(lambda: len(manor.driver.seen(VoteRequested)) == 3)
            asked = [event for _, event in manor.driver.inputs if isinstance(event, VoteRequested)]
            first, second, third = (event.caller for event in asked)
            assert not manor.driver.seen(ResetRequested), "an operator's request is not of that kind"
            # The last of them needs no disk: all the same its answer leaves behind the others.
            for caller, down in ((third, True), (first, False)):
                give(manor, Reply(caller, Opinion(down, None, Epoch(0))))
            await guest.hears(OPINION % 0)
            await echo(await manor.visit(), "overtaking")
            give(manor, Reply(second, Opinion(False, None, Epoch(0))))
            await guest.hears(OPINION % 0 + b"$7\r\nbetween\r\n" + OPINION % 1)
            await eventually(lambda: len(manor.driver.seen(VoteRequested)) == 4)
            assert len(manor.driver.seen(ResetRequested)) == 1

    play(loop, scene())


@both_loops
def test_an_answer_does_not_wait_behind_what_goes_to_thousands_of_links(loop: str, free_ports: Ports) -> None:
    class Link:
        def flush(self) -> None:
            written.append(self)

    written: list[Link] = []

    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            for link in (links := [Link() for _ in range(10_000)]):
                manor.world.touch(link)
            await echo(guest, "meanwhile")
            assert len(written) < len(links)
            await eventually(lambda: written == links)

    play(loop, scene())


def test_a_client_that_left_may_be_answered(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(RESET)
            await eventually(lambda: bool(manor.driver.seen(ResetRequested)))
            other = await manor.visit()
            other.say(encode_command("CLIENT", "KILL", "TYPE", "normal"))
            await other.hears(b":1\r\n")
            await guest.is_shown_out()
            answer(manor, 1)
            await echo(other, "fine")

    play("uvloop", scene())


def test_resp3_pushes_follow_the_reply_to_the_command_that_caused_them(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            manor.driver.react = reset_at_once
            guest, listener = await manor.visit(), await manor.visit()
            listener.say(encode_command("PSUBSCRIBE", "+reset-*"))
            await listener.hears(encode(Push([b"psubscribe", b"+reset-*", 1]), 2))
            guest.say(encode_command("HELLO", "3"))
            assert (await guest.hear(4)).startswith(b"%6\r\n")
            guest.say(encode_command("SUBSCRIBE", "+reset-master"))
            await guest.reader.readuntil(b">3\r\n$9\r\nsubscribe\r\n$13\r\n+reset-master\r\n:1\r\n")
            guest.say(RESET + PING)
            push = message(b"+reset-master", TOLD.text.encode(), 3)
            await guest.hears(b":1\r\n" + push + b"+PONG\r\n")
            heard = Push([b"pmessage", b"+reset-*", b"+reset-master", TOLD.text.encode()])
            await listener.hears(encode(heard, 2))

    play("uvloop", scene())


def test_pushes_wait_for_a_reply_that_is_still_to_come(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(encode_command("HELLO", "3") + encode_command("SUBSCRIBE", "+odown"))
            await guest.reader.readuntil(b"$6\r\n+odown\r\n:1\r\n")
            guest.say(RESET)
            await eventually(lambda: bool(manor.driver.seen(ResetRequested)))
            manor.world.tell(Notice(Event.ODOWN, "x"))
            manor.world.tell(Notice(Event.SDOWN, "nobody listens"))
            await asyncio.sleep(0.01)
            answer(manor, 5)
            await guest.hears(b":5\r\n" + message(b"+odown", b"x", 3))

    play("uvloop", scene())


@pytest.mark.parametrize("form", [("KILL", "ID", "1", "SKIPME", "no"), ("KILL", "TYPE", "normal", "SKIPME", "no")])
def test_who_kills_itself_hears_the_reply_first(form: tuple[str, ...], free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(encode_command("CLIENT", *form) + PING)
            await guest.is_shown_out(b":1\r\n")

    play("uvloop", scene())


def test_who_is_killed_is_gone_at_once(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest, other = await manor.visit(), await manor.visit()
            await echo(guest, "a")
            other.say(encode_command("CLIENT", "KILL", "ID", "1"))
            await other.hears(b":1\r\n")
            await guest.is_shown_out()
            assert [session.id for session in manor.world.sessions()] == [2]

    play("uvloop", scene())


@both_loops
def test_a_client_that_never_reads_holds_a_bounded_amount_and_nobody_up(loop: str, free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest, other = await manor.visit(), await manor.visit()
            guest.reader._transport.pause_reading()  # type: ignore[attr-defined]
            request = encode_command("PING", "z" * 10_000)
            count = 3000
            guest.say(request * count)
            await asyncio.sleep(0.1)
            await echo(other, "meanwhile")
            held = next(iter(manor.world.sessions())).buffers
            assert held.output < 4 << 20
            assert held.query < 4 << 20
            assert held.total_in < len(request) * count
            guest.reader._transport.resume_reading()  # type: ignore[attr-defined]
            await guest.hears(encode(b"z" * 10_000, 2) * count)

    play(loop, scene())


@pytest.mark.parametrize(
    "limit", [OutputLimit(hard=1 << 20), OutputLimit(soft=1 << 18, soft_seconds=1)], ids=["hard", "soft"]
)
def test_a_subscriber_that_never_reads_is_closed_at_its_limit(limit: OutputLimit, free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0], ClientOptions(pubsub=limit)) as manor:
            guest = await manor.visit()
            guest.say(encode_command("SUBSCRIBE", "+odown"))
            await guest.hear(1)
            guest.reader._transport.pause_reading()  # type: ignore[attr-defined]
            notice = Notice(Event.ODOWN, "w" * 1000)
            manor.log.level = notice.event.level
            for _ in range(20):
                for _ in range(1000):
                    manor.world.tell(notice)
                await asyncio.sleep(0)
                if not list(manor.world.sessions()):
                    break
            await eventually(lambda: not list(manor.world.sessions()))
            assert any("closed for overcoming of output buffer limits." in line for _, line in manor.log.lines)

    play("uvloop", scene())


def test_client_pause_holds_commands_back_until_it_is_over(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest, other = await manor.visit(), await manor.visit()
            guest.say(encode_command("CLIENT", "PAUSE", "60000"))
            await guest.hears(b"+OK\r\n")
            other.say(encode_command("PING", "1") + encode_command("PING", "2"))
            guest.say(encode_command("PING", "3"))
            await asyncio.sleep(0.02)
            before = manor.world.facts().commands_processed
            manor.world.pause(manor.world.now() + 30)
            await other.hears(b"$1\r\n1\r\n$1\r\n2\r\n")
            await guest.hears(b"$1\r\n3\r\n")
            assert manor.world.facts().commands_processed - before == 3

    play("uvloop", scene())


def test_replies_leave_before_a_client_that_has_said_its_last_word_is_closed(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(PING * 3)
            guest.writer.write_eof()
            await guest.is_shown_out(b"+PONG\r\n" * 3)

    play("uvloop", scene())


def test_names_with_any_bytes_survive(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            manor.driver.react = reset_at_once
            guest = await manor.visit()
            guest.say(b"*2\r\n$4\r\nPING\r\n$3\r\n\xff\x00\xfe\r\n")
            await guest.hears(b"$3\r\n\xff\x00\xfe\r\n")
            guest.say(encode_command("SENTINEL", "RESET", "mymaster"))
            await guest.hears(b":1\r\n")
            (asked,) = manor.driver.seen(ResetRequested)
            assert isinstance(asked, ResetRequested)
            assert asked.names == (MasterName("mymaster"),)

    play("uvloop", scene())
