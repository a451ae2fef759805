"""Whom mail is from and to: read once, and what was read can be written into a letter's head."""

import pytest

from connector.domain.mailboxes import header_of, read_mailbox, wire_address


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("Glow Spa <gifts@example.com>", "Glow Spa", "gifts@example.com"),
        ("gifts@example.com", "", "gifts@example.com"),
        ('"Spa, Glow" <gifts@example.com>', "Spa, Glow", "gifts@example.com"),
        ("Glow (Spa) <gifts@example.com>", "Glow (Spa)", "gifts@example.com"),
        ("Zoë <zoë@weiß.de>", "Zoë", "zoë@weiß.de"),
    ],
)
def test_a_mailbox_is_a_name_and_an_address_or_an_address(text: str, name: str, address: str) -> None:
    assert read_mailbox(text) == (name, address)
    assert header_of(address, name).display_name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Spa, Glow <gifts@example.com>",
        "Glow Spa gifts@example.com",
        "gifts@",
        "@example.com",
        "Glow <>",
        "Help @ Desk",
        "Glow <gifts@exa mple.com>",
        "Glow <gifts@example.com>, Other <a@example.com>",
        "Glow <gifts@example.com> x",
        "Glow <gifts@example.com\r\nBcc: a@example.com>",
        "Glow <gifts@-.com\u2488>",
    ],
)
def test_what_is_none_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        read_mailbox(text)


def test_on_the_wire_a_domain_is_ascii() -> None:
    assert wire_address("gifts@weiß.de") == "gifts@xn--wei-7ka.de"


def test_a_name_cannot_end_its_line() -> None:
    assert header_of("a@example.com", "Mia\r\nBcc: b@example.com =?utf-8?q?x?=").display_name == (
        "Mia Bcc: b@example.com = ?utf-8?q?x?="
    )
