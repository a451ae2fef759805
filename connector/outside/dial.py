"""The guard: from a Target to a connected socket, or to the reason why not.

The rule that holds: what is dialled is exactly an address that was checked, and
one address that is not allowed refuses the whole name: it is an attack or a mistake.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .addresses import Address, Network, is_named, read_address, refused_as
from .exchange import AttemptFault, Exchange, of_connecting
from .names import Resolver
from .urls import Target

MAX_DIALLED: Final = 4  # of a name's addresses; with more, none would get a second to answer in


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be dialled, and who knows the names. `own_port`: where this machine listens for us."""

    allow_networks: Sequence[Network]
    resolver: Resolver
    own_port: int | None = None

    def addresses(self, target: Target, timeout_s: float) -> list[Address]:
        """The checked addresses of `target`, in the resolver's order; AttemptFault for none or a bad one."""
        texts = [target.host] if target.is_ip else self.resolver.resolve(target.host, timeout_s)
        addresses: list[Address] = []
        for text in texts:
            address = read_address(text)
            kind = "no address" if address is None else self._refused_as(address, target.port)
            if address is None or kind is not None:
                # The kind only: which address a name has inside our network is not for the endpoint's owner.
                raise AttemptFault("refused_by_us", "address_not_allowed", kind)
            addresses.append(address)
        return addresses

    def dial(self, exchange: Exchange) -> socket.socket:
        """A connected socket to a checked address of the exchange's target, or AttemptFault."""
        clock, target = exchange.clock, exchange.target
        begun = clock.monotonic()
        addresses = self.addresses(target, exchange.remaining_s())[:MAX_DIALLED]
        exchange.note("dns", begun)
        begun = clock.monotonic()
        for place, address in enumerate(addresses):
            exchange.address = str(address)
            try:
                # A fair share each, so that a silent first address leaves time for the second.
                connected = _connect(address, target.port, exchange.remaining_s() / (len(addresses) - place))
            except OSError as fault:
                trouble = of_connecting(fault)
            else:
                exchange.note("connect", begun)
                return connected
        raise trouble

    def _refused_as(self, address: Address, port: int) -> str | None:
        kind = refused_as(address, self.allow_networks)
        if kind is not None:
            return kind
        if port == self.own_port:  # where we listen ourselves is a loop, even on a network that was named
            return "our own" if address.is_loopback or is_own(address, port) else None
        if not is_named(address, self.allow_networks) and is_own(address, port):
            return "our own"
        return None


def is_own(address: Address, port: int) -> bool:
    """Whether `address` is this machine's: a datagram socket aimed there, nothing sent, then bears it too."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), port))
            return read_address(str(probe.getsockname()[0])) == address
    except OSError:
        return False  # no route there: dialling will say so


def _connect(address: Address, port: int, timeout_s: float) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.settimeout(timeout_s)
        connecting.connect((str(address), port))
        if connecting.getsockname() == connecting.getpeername():  # TCP can meet itself on a port nobody holds
            raise ConnectionRefusedError
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connecting.close()
        raise
    return connecting
