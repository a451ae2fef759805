"""Networks as people write them, and whether an address is in one of them."""

import ipaddress
from collections.abc import Iterable

from .errors import FieldError, ValidationFailed


def read_networks(texts: Iterable[str], field: str) -> tuple[str, ...]:
    """CIDRs or single addresses, each once, in their usual form; ValidationFailed names the wrong one."""
    found = []
    for text in texts:
        try:
            found.append(str(ipaddress.ip_network(text)))
        except ValueError as fault:
            hint = ": bits are set after the prefix" if "host bits" in str(fault) else ""
            message = f'{text[:60]!r} is not a network{hint}: write it like "10.1.0.0/16"'
            raise ValidationFailed(f"{field}: {message}", errors=[FieldError(field, message)]) from fault
    return tuple(dict.fromkeys(found))


def is_in(address: str, networks: Iterable[str]) -> bool:
    """Whether `address` lies in one of the networks; what is no address lies in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in ipaddress.ip_network(one) for one in networks)


def is_within(network: str, networks: Iterable[str]) -> bool:
    """Whether every address of `network` lies in one of the networks."""
    found = ipaddress.ip_network(network)
    others = [ipaddress.ip_network(one) for one in networks]
    return any(found.version == one.version and found.subnet_of(one) for one in others)  # type: ignore[arg-type]


def block_of(address: str) -> str:
    """Whom an address stands for where requests are counted: itself, or its /64, which one host has whole."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
