"""Networks as people write them: everything else is refused by name, and no junk is inside any."""

import pytest

from connector.domain.errors import ValidationFailed
from connector.domain.networks import block_of, is_in, is_within, read_networks


def test_networks_and_single_addresses_are_read_each_once() -> None:
    found = read_networks(["10.1.0.0/16", "192.0.2.7", "2001:db8::/32", "192.0.2.7/32"], "allow_ips")

    assert found == ("10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32")
    assert read_networks([], "allow_ips") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anywhere",
        "10.1.0.1/16",
        "10.1.0.0/33",
        "10.1",
        "0x0a.0.0.1",
        "١٠.0.0.1",
        " 10.0.0.1",
        "10.0.0.1\n",
    ],
)
def test_what_is_no_network_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        read_networks(["10.0.0.0/8", text], "allow_ips")

    [error] = refused.value.errors
    assert error.field == "allow_ips"
    assert "write it like" in error.message


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.255.255", True),
        ("10.2.0.0", False),
        ("::ffff:10.1.0.1", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        *(
            (junk, False)
            for junk in ("", "unknown", "10.1", "10.1.0.1, 8.8.8.8", "unix:", "\ud800", "10.1.0.1:80")
        ),
    ],
)
def test_only_an_address_can_be_inside(address: str, inside: bool) -> None:
    assert is_in(address, ["10.1.0.0/16", "2001:db8::/32"]) is inside
    assert not is_in(address, [])


def test_a_host_is_counted_as_one_whatever_addresses_it_has() -> None:
    assert block_of("192.0.2.7") == "192.0.2.7"
    assert block_of("2001:db8::1") == block_of("2001:db8::ffff:ffff:ffff:ffff") == "2001:db8::/64"
    assert block_of("2001:db8:0:1::1") != block_of("2001:db8::1")
    assert block_of("unknown") == "unknown"


@pytest.mark.parametrize(
    ("network", "is_inside"),
    [
        ("10.1.2.0/24", True),
        ("10.1.0.0/16", True),
        ("10.0.0.0/8", False),
        ("::/0", False),
        ("2001:db8::1/128", True),
    ],
)
def test_a_network_lies_within_others_or_sticks_out(network: str, is_inside: bool) -> None:
    assert is_within(network, ["10.1.0.0/16", "2001:db8::/32"]) is is_inside
