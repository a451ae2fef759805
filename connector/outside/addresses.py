"""Which addresses may be dialled: our own table of networks, not Python's.

The rule that holds: what is not plainly public is refused unless configuration
names it, and some networks cannot be named at all. `ipaddress.is_global` is no
help: it is true for multicast, the 6to4 relays and more.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from ..domain.errors import FieldError, ValidationFailed

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

REFUSED_V4: Final = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud platform"),  # Azure's own; every library calls it public
        ("169.254.0.0/16", "link-local"),  # and every cloud's metadata
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT relays"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarks"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),  # with the broadcast address
    )
)
PUBLIC_V6: Final = IPv6Network("2000::/3")
REFUSED_V6: Final = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("2001::/23", "protocol assignments"),  # Teredo, ORCHID, benchmarks
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
    )
)
_NAMED_V6: Final = tuple(  # only to say what it was: all of it is outside 2000::/3
    (IPv6Network(network), kind)
    for network, kind in (
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4 in IPv6"),
        ("64:ff9b::/96", "IPv4 in IPv6"),
        ("64:ff9b:1::/48", "IPv4 in IPv6"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    )
)
_NEVER: Final[tuple[Network, ...]] = (  # no configuration opens these: they are nobody's address
    IPv4Network("0.0.0.0/8"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("255.255.255.255/32"),
    IPv6Network("::/128"),
    IPv6Network("ff00::/8"),
)
_TRANSLATED: Final = tuple(  # an IPv4 address inside, so many bits from the right
    (IPv6Network(network), shift)
    for network, shift in (
        ("::ffff:0:0/96", 0),
        ("::/96", 0),
        ("64:ff9b::/96", 0),
        ("64:ff9b:1::/48", 0),
        ("2002::/16", 80),
    )
)


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation, as configuration names them; ValidationFailed names the wrong one."""
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(ip_network(text))
        except ValueError as fault:
            message = f"{text!r} is not a network: write it like 10.1.0.0/16"
            raise ValidationFailed(message, errors=[FieldError("allow_networks", message)]) from fault
    return tuple(networks)


def is_allowed(address: Address, allow_networks: Sequence[Network]) -> bool:
    """Whether a connection to `address` may be opened; `allow_networks` are opened beside the public ones."""
    return refused_as(address, allow_networks) is None


def is_named(address: Address, allow_networks: Sequence[Network]) -> bool:
    """Whether configuration opens this very address."""
    return any(address in network for network in allow_networks)


def refused_as(address: Address, allow_networks: Sequence[Network]) -> str | None:
    """The kind of network for which `address` is refused, None where it is allowed."""
    address = _without_zone(address)
    kind = _kind(address)
    if kind is None:
        return None
    if any(address in network for network in _NEVER) or not is_named(address, allow_networks):
        return kind
    inside = _translated(address)
    return refused_as(inside, allow_networks) if inside is not None else None


def _kind(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in REFUSED_V4 if address in network), None)
    if address not in PUBLIC_V6:
        return next((kind for network, kind in _NAMED_V6 if address in network), "not public")
    return next((kind for network, kind in REFUSED_V6 if address in network), None)


def _translated(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address) or address == IPv6Address("::1"):
        return None
    for network, shift in _TRANSLATED:
        if address in network:
            return IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return None


def _without_zone(address: Address) -> Address:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return IPv6Address(int(address))
    return address


def read_address(text: str) -> Address | None:
    """An address from its text, None where it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
