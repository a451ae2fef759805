"""What a client could have written itself is believed only where the configuration says so."""

from typing import Any

import pytest

from connector.config.settings import Server
from connector.domain.errors import BadRequest
from connector.web.arrival import (
    MAX_HOPS,
    UNKNOWN,
    Site,
    address_of,
    headers_of,
    is_local,
    parameters_of,
    query_of,
    route_of,
    url_of,
)

PROXIED = Site.of("https://gifts.example.com/", ["10.0.0.0/8", "2001:db8:ffff::/48"])
ALONE = Site.of("https://gifts.example.com", [])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # the peer is no listed proxy
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"),  # the client wrote the first
        ("10.0.0.1", "127.0.0.1,198.51.100.1 , 10.9.9.9", "198.51.100.1"),  # two proxies of ours
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("10.0.0.1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:ffff::1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("10.0.0.1", "_hidden", UNKNOWN),
        ("10.0.0.1", "unknown", UNKNOWN),
        ("10.0.0.1", "198.51.100.1, _hidden", UNKNOWN),
        ("10.0.0.1", "198.51.100.1,", UNKNOWN),
        ("10.0.0.1", "198.51.100.1, , 10.0.0.2", UNKNOWN),
        ("10.0.0.1", "198.51.100.999", UNKNOWN),
        ("10.0.0.1", "0x7f.1", UNKNOWN),
        ("10.0.0.1", "１２７.0.0.1", UNKNOWN),
        ("10.0.0.1", "1" * 10_000, UNKNOWN),
        ("", "198.51.100.1", UNKNOWN),
        ("/run/socket", "198.51.100.1", UNKNOWN),
    ],
)
def test_the_nearest_address_that_no_proxy_of_ours_has_is_the_callers(
    peer: str, forwarded: str, address: str
) -> None:
    environ = {"REMOTE_ADDR": peer, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})}

    assert address_of(environ, PROXIED) == address


@pytest.mark.parametrize("header", ["FORWARDED", "X_REAL_IP", "TRUE_CLIENT_IP", "X_FORWARDED_FOR"])
def test_without_proxies_no_header_moves_the_address(header: str) -> None:
    environ = {"REMOTE_ADDR": "203.0.113.7", f"HTTP_{header}": "127.0.0.1"}

    assert address_of(environ, ALONE) == "203.0.113.7"


def test_only_x_forwarded_for_is_believed_of_a_proxy() -> None:
    others = {f"HTTP_{name}": "127.0.0.1" for name in ("FORWARDED", "X_REAL_IP", "TRUE_CLIENT_IP")}

    assert address_of({"REMOTE_ADDR": "10.0.0.1", **others}, PROXIED) == "10.0.0.1"


def test_endless_hops_are_not_all_looked_at() -> None:
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": ", ".join(["10.0.0.2"] * (MAX_HOPS + 9))}

    assert address_of(environ, PROXIED) == "10.0.0.2"


@pytest.mark.parametrize(
    ("environ", "local"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, True),
        ({"REMOTE_ADDR": "::1"}, True),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, True),
        ({"REMOTE_ADDR": "203.0.113.7"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "127.0.0.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_VIA": "1.1 proxy"}, False),
        ({}, False),
    ],
)
def test_who_comes_through_a_proxy_is_not_local(environ: dict[str, Any], local: bool) -> None:
    assert is_local(environ, Site.of("https://gifts.example.com", [])) is local


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_trusted_proxy_on_this_machine_is_not_local_whatever_headers_it_adds(proxy: str) -> None:
    """Nginx adds none unless it is told to."""
    site = Site.of("https://gifts.example.com", ["127.0.0.0/8", "::1"])

    assert not is_local({"REMOTE_ADDR": proxy}, site)


def test_scheme_and_host_are_public_urls_whatever_a_trusted_proxy_says() -> None:
    """As docs/configuration.md says of `trusted_proxies`: no other header is believed."""
    site = Site.of("https://gifts.example.com", ["127.0.0.1"])
    told = {
        "HTTP_X_FORWARDED_PROTO": "http",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_HOST": "evil.example",
    }

    assert url_of({"REMOTE_ADDR": "127.0.0.1", **told}, site, "/c/x") == "https://gifts.example.com/c/x"
    said = Server.model_fields["trusted_proxies"].description
    assert said is not None and "X-Forwarded-Proto" not in said and "`public_url` has them" in said


def test_a_wrong_network_is_said_at_the_start() -> None:
    with pytest.raises(ValueError, match="proxy"):
        Site.of("https://gifts.example.com", ["proxy"])


def test_headers_have_small_names_and_nothing_but_headers_is_one() -> None:
    environ = {
        "HTTP_X_SIG": "a, b",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "",
        "REMOTE_ADDR": "203.0.113.7",
        "wsgi.input": object(),
    }

    assert headers_of(environ) == {"x-sig": "a, b", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        ("/hooks/a/b", "", "https://gifts.example.com/hooks/a/b"),
        ("/hooks/a/b", "x=1&y=%20", "https://gifts.example.com/hooks/a/b?x=1&y=%20"),
        ("/hooks/a/b/t-_.~", "", "https://gifts.example.com/hooks/a/b/t-_.~"),
        ("/hooks/a/ü b", "", "https://gifts.example.com/hooks/a/%C3%BC%20b"),
    ],
)
def test_the_url_is_the_public_one_whatever_the_host_header_says(path: str, query: str, url: str) -> None:
    environ = {"HTTP_HOST": "evil.example", "QUERY_STRING": query}

    assert url_of(environ, PROXIED, path) == url


@pytest.mark.parametrize("query", ["\xff", "ä", "\ud800", "a=\x00"])
def test_a_query_of_any_bytes_is_text(query: str) -> None:
    query_of({"QUERY_STRING": query}).encode()


def test_parameters_are_read_once_each() -> None:
    assert parameters_of({"limit": ["5"], "q": ["Zoë"]}) == {"limit": "5", "q": "Zoë"}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({"limit": ["1", "2"]}, "limit stands in the query more than once"),
        ({"cursor": ["x" * 2_049]}, "cursor has more than 2048 characters"),
        ({"last4": ["7K2\x00"]}, "last4 holds a control character"),
        ({"a\nb": ["1"]}, "a parameter holds a control character"),
        ({"n" * 2_049: ["1"]}, f"{'n' * 60} has more than 2048 characters"),
    ],
)
def test_a_parameter_that_could_be_read_two_ways_is_refused(pairs: dict[str, list[str]], said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parameters_of(pairs)

    assert refused.value.detail == said


@pytest.mark.parametrize(
    ("rule", "route"),
    [
        (None, "none"),
        ("/healthz", "/healthz"),
        ("/hooks/<slug:account>/<slug:source>/<token>", "/hooks/{account}/{source}/{token}"),
        ("/v1/gift-cards/<public_id('gc'):card>/redeem", "/v1/gift-cards/{card}/redeem"),
    ],
)
def test_a_route_is_shown_as_people_write_it(rule: str | None, route: str) -> None:
    assert route_of(rule) == route
