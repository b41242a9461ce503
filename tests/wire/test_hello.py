"""A hello comes back as it was sent, and nothing gets in through one that is not exactly a hello."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.wire.hello import MAX_PAYLOAD, format_hello, parse_hello

ID = RunId("187b7f66eafcf0790f96f665227edb78b0d559d0")
TEXT = b"127.0.0.1,41310,187b7f66eafcf0790f96f665227edb78b0d559d0,0,m1,127.0.0.2,41301,7"
HELLO = Hello("127.0.0.1", 41310, ID, Epoch(0), MasterName("m1"), "127.0.0.2", 41301, Epoch(7))


def with_field(place: int, text: bytes) -> bytes:
    fields = TEXT.split(b",")
    fields[place] = text
    return b",".join(fields)


def test_both_ways() -> None:
    assert parse_hello(TEXT) == HELLO
    assert format_hello(HELLO) == TEXT


def test_an_equal_payload_gives_the_same_object() -> None:
    assert parse_hello(bytes(bytearray(TEXT))) is parse_hello(TEXT)


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        (0, b"::1", replace(HELLO, sender_host="::1")),
        (0, b"fe80::1%eth0", replace(HELLO, sender_host="fe80::1%eth0")),
        (0, b"sentinel-1.example.org", replace(HELLO, sender_host="sentinel-1.example.org")),
        (1, b"garbage", replace(HELLO, sender_port=0)),
        (1, b" 12abc", replace(HELLO, sender_port=12)),
        (3, b"garbage", HELLO),
        (3, b"", HELLO),
        (3, b"-0", HELLO),
        (3, b"+5x", replace(HELLO, current_epoch=Epoch(5))),
        (3, b"9223372036854775807", replace(HELLO, current_epoch=Epoch(2**63 - 1))),
        (4, b"M\xfcller-1", replace(HELLO, master=MasterName("M\udcfcller-1"))),
        (6, b"65535", replace(HELLO, master_port=65535)),
    ],
)
def test_lenient_where_c_is(place: int, text: bytes, expected: Hello) -> None:
    assert parse_hello(with_field(place, text)) == expected


@pytest.mark.parametrize(
    ("place", "text"),
    [
        *(
            (place, text)
            for place in (0, 5)
            for text in (b"", b"a b", b"a\nb", b"a\rb", b"a\tb", b"a\0", b'"a"', b"a'", b"\\a")
        ),
        *((place, b"h" * 256) for place in (0, 5)),
        *((place, b"\xff") for place in (0, 5)),
        *((place, text) for place in (1, 6) for text in (b"-1", b"65536", b"99999999999999999999")),
        (6, b"0"),
        (6, b"garbage"),
        *((2, text) for text in (b"", b"x" * 40, ID[:39].encode(), ID.encode() + b"0", ID.upper().encode())),
        (2, ID[:39].encode() + b"\n"),
        (2, b"a\nsentinel notification-script m1 /tmp/evil"),
        *(
            (place, text)
            for place in (3, 7)
            for text in (b"-1", b"9223372036854775808", b"18446744073709551615", b"9" * 300)
        ),
        *((4, text) for text in (b"", b"a b", b"a\n", b"\x7f", b"\xc2\x85", b"\xe2\x80\xa8", b"\xc2\xa0", b"m" * 1100)),
    ],
)
def test_anything_else_is_no_hello(place: int, text: bytes) -> None:
    assert parse_hello(with_field(place, text)) is None


@pytest.mark.parametrize(
    "payload", [b"", b",", b",,,,,,,", TEXT + b",", TEXT.rpartition(b",")[0], b"x" * (MAX_PAYLOAD + 1)]
)
def test_exactly_eight_fields(payload: bytes) -> None:
    assert parse_hello(payload) is None


hosts = st.from_regex(r"[a-zA-Z0-9.:%_-]{1,60}", fullmatch=True)
ports = st.integers(1, 65535)
epochs = st.integers(0, 2**63 - 1).map(Epoch)
names = st.from_regex(r"[!-+\--~]{1,60}", fullmatch=True).map(MasterName)
ids = st.text("0123456789abcdef", min_size=40, max_size=40).map(RunId)
hellos = st.builds(Hello, hosts, ports, ids, epochs, names, hosts, ports, epochs)


@settings(max_examples=100, deadline=None)
@given(hellos)
def test_every_hello_comes_back(hello: Hello) -> None:
    assert parse_hello(format_hello(hello)) == hello


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=45), min_size=7, max_size=9), st.integers(0, 7))
def test_what_passes_fits_into_a_line_of_the_configuration(fields: list[bytes], place: int) -> None:
    for payload in (b",".join(fields), with_field(place, fields[0])):
        hello = parse_hello(payload)
        if hello is not None:
            for text in (hello.sender_host, hello.sender_id, hello.master, hello.master_host):
                assert len(text.split()) == 1
                assert len(text.splitlines()) == 1
