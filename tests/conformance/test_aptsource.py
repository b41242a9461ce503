"""The system's own mirror is found in either spelling of apt's sources."""

from tests.conformance.aptsource import parse_deb822, parse_one_line


def test_deb822_stanzas_give_every_address_with_every_suite() -> None:
    text = """
Types: deb
# a note: with a colon
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Signed-By: /usr/share/keyrings/some.gpg

Types: deb deb-src
URIs: http://mirror.example/security
Suites: bookworm-security

Types: deb-src
URIs: http://sources-only.example/debian
Suites: bookworm

Enabled: no
Types: deb
URIs: http://switched-off.example/debian
Suites: bookworm
"""
    assert parse_deb822(text) == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://mirror.example/security", "bookworm-security"),
    ]


def test_one_line_entries_may_have_options() -> None:
    text = """
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/some.gpg] http://mirror.example/debian bookworm main contrib
deb-src http://sources-only.example/debian bookworm main
deb http://mirror.example/security bookworm-security main
"""
    assert parse_one_line(text) == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/security", "bookworm-security"),
    ]
