"""Addresses that mail is written from and to, as a header and SMTP have them.

The one rule: what `read_mailbox` lets pass can be written into a letter's head.
"""

from email.headerregistry import Address
from email.utils import getaddresses
from typing import Final, NamedTuple

import idna

from .notifications import one_line

MAX_NAME: Final = 120  # characters of a name in a header


class Mailbox(NamedTuple):
    """`name` is empty where there is none."""

    name: str
    address: str


def read_mailbox(text: str) -> Mailbox:
    """`Glow Spa <gifts@example.com>` or an address alone; ValueError says how to write it."""
    found = getaddresses([text])
    if len(found) > 1:
        raise ValueError('write one address, and a name with a comma in quotes: "Spa, Glow" <a@example.com>')
    for name, address in found:
        if address in text:  # blanks within one would be left out by the reader, unseen
            header_of(address, name)
            return Mailbox(name, address)
    raise ValueError("write it as Name <address@example.com>")


def header_of(address: str, name: str) -> Address:
    """As it stands in From and To; ValueError for what is no address."""
    user, _, domain = wire_address(address).rpartition("@")
    return Address(display_name=header_words(name, MAX_NAME), username=user, domain=domain)


def header_words(text: str, most: int) -> str:
    """Words for a header. What looks like an encoded word would be decoded again, line ends and all."""
    return one_line(text, most).replace("=?", "= ?")


def wire_address(address: str) -> str:
    """The address as SMTP has it: an international domain in ASCII; ValueError for what is no address."""
    user, at, domain = address.rpartition("@")
    if not (user and at and domain) or one_line(address) != address or set(address) & set(' <>,;:"\\()[]'):
        raise ValueError("this is no address that mail can be sent to")
    return f"{user}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode('ascii')}"
