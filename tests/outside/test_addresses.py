"""Which addresses may be dialled (T37)."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from connector.domain.errors import ValidationFailed
from connector.outside.addresses import (
    REFUSED_V4,
    REFUSED_V6,
    is_allowed,
    read_address,
    read_networks,
    refused_as,
)
from tests.kit.hostile_urls import NETWORKS_V4, NETWORKS_V6, NOT_PUBLIC_V6


def test_the_table_holds_every_network_that_is_not_public() -> None:
    assert {str(network) for network, _ in REFUSED_V4} == set(NETWORKS_V4)
    assert {str(network) for network, _ in REFUSED_V6} == set(NETWORKS_V6)


@pytest.mark.parametrize("text", NETWORKS_V4 + NETWORKS_V6)
def test_both_ends_of_a_refused_network_are_refused(text: str) -> None:
    network = ip_network(text)

    assert not is_allowed(network[0], ())
    assert not is_allowed(network[-1], ())
    assert refused_as(network[0], ()) == refused_as(network[-1], ())


@pytest.mark.parametrize("text", NETWORKS_V4)
def test_the_neighbours_of_a_refused_network_are_allowed(text: str) -> None:
    network = ip_network(text)
    neighbours = {int(network[0]) - 1, int(network[-1]) + 1} - {-1, 2**32}
    side_by_side = {int(IPv4Address("240.0.0.0")), int(IPv4Address("239.255.255.255"))}  # 224/4 and 240/4

    for neighbour in neighbours - side_by_side:
        assert is_allowed(IPv4Address(neighbour), ()), IPv4Address(neighbour)


@pytest.mark.parametrize(
    "address",
    [
        "2001:200::",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::",
        "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
        "2620:4f:8001::",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
        "2000::",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2606:4700::1111",
    ],
)
def test_the_rest_of_the_public_ipv6_is_allowed(address: str) -> None:
    assert is_allowed(IPv6Address(address), ())


@pytest.mark.parametrize(
    "address",
    NOT_PUBLIC_V6,
)
def test_ipv6_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(IPv6Address(address), ())


def test_a_refusal_names_the_kind_of_network() -> None:
    assert refused_as(ip_address("127.0.0.1"), ()) == "loopback"
    assert refused_as(ip_address("::1"), ()) == "loopback"
    assert refused_as(ip_address("10.1.2.3"), ()) == "private"
    assert refused_as(ip_address("169.254.169.254"), ()) == "link-local"
    assert refused_as(ip_address("8.8.8.8"), ()) is None


def test_configuration_opens_the_networks_it_names_and_no_others() -> None:
    networks = read_networks(["10.1.0.0/16", "::1/128"])

    assert is_allowed(ip_address("10.1.255.255"), networks)
    assert is_allowed(ip_address("::1"), networks)
    assert not is_allowed(ip_address("10.2.0.0"), networks)
    assert not is_allowed(ip_address("::2"), networks)
    assert not is_allowed(ip_address("127.0.0.1"), networks)


@pytest.mark.parametrize("address", ["0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1"])
def test_no_configuration_opens_what_is_nobodys_address(address: str) -> None:
    assert not is_allowed(ip_address(address), read_networks(["0.0.0.0/0", "::/0"]))


@pytest.mark.parametrize(
    ("prefix", "outside", "inside"),
    [
        ("64:ff9b::/96", "64:ff9b::5db8:d822", "64:ff9b::7f00:1"),
        ("64:ff9b:1::/48", "64:ff9b:1::5db8:d822", "64:ff9b:1::a00:1"),
        ("::ffff:0:0/96", "::ffff:93.184.216.34", "::ffff:169.254.169.254"),
        ("2002::/16", "2002:5db8:d822::1", "2002:7f00:1::1"),
    ],
)
def test_an_opened_translation_prefix_carries_public_ipv4_only(
    prefix: str, outside: str, inside: str
) -> None:
    networks = read_networks([prefix])

    assert is_allowed(ip_address(outside), networks)
    assert not is_allowed(ip_address(inside), networks)


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "10.0.0.1/8", "private", "10.0.0.0/8,127.0.0.0/8"])
def test_a_network_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValidationFailed, match="is not a network"):
        read_networks(["127.0.0.0/8", text])


@pytest.mark.parametrize("text", ["", "example.com", "1.2.3", "01.2.3.4", "١.2.3.4"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None
