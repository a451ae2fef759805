"""Which URLs an endpoint may have (T37, T38)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import ValidationFailed
from connector.outside.urls import MAX_URL, Target, read_target
from tests.kit.hostile_urls import (
    LOCAL_NAMES,
    NO_HTTPS,
    NO_NAME,
    NO_PLAIN_ADDRESS,
    NO_TEXT,
    PARSERS_DISAGREE,
)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("https://hooks.example.com/", "hooks.example.com", 443, "/"),
        ("https://hooks.example.com?a=b", "hooks.example.com", 443, "/?a=b"),
        ("https://hooks.example.com/a%2fb/../c?d=e%20f&g", "hooks.example.com", 443, "/a%2fb/../c?d=e%20f&g"),
        ("https://hooks.example.com/a@b:c", "hooks.example.com", 443, "/a@b:c"),
        ("HTTPS://Hooks.EXAMPLE.com:8443/X", "hooks.example.com", 8443, "/X"),
        ("https://hooks.example.com:80/", "hooks.example.com", 80, "/"),
        ("https://hooks.example.com:1024/", "hooks.example.com", 1024, "/"),
        ("https://hooks.example.com:65535/", "hooks.example.com", 65535, "/"),
        ("https://r3---sn-x.example.com/", "r3---sn-x.example.com", 443, "/"),
        ("https://123.example.com/", "123.example.com", 443, "/"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        (f"https://{'a' * 63}.example/", f"{'a' * 63}.example", 443, "/"),
    ],
)
def test_a_public_name_is_taken_apart_once(url: str, host: str, port: int, path: str) -> None:
    assert read_target(url) == Target("https", host, port, path, is_ip=False)


@pytest.mark.parametrize(
    ("url", "host", "header"),
    [
        ("https://93.184.216.34/", "93.184.216.34", "93.184.216.34"),
        ("https://[2606:4700::1]:8443/", "2606:4700::1", "[2606:4700::1]:8443"),
        ("https://[2606:4700:0:0:0:0:0:1]/", "2606:4700::1", "[2606:4700::1]"),
    ],
)
def test_an_address_is_taken_in_its_plain_form(url: str, host: str, header: str) -> None:
    target = read_target(url)

    assert (target.host, target.is_ip, target.host_header) == (host, True, header)


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_host_header_names_only_a_port_that_is_not_the_schemes_own(port: str) -> None:
    assert read_target(f"https://a.example{port}/").host_header == "a.example"
    assert read_target("https://a.example:80/").host_header == "a.example:80"
    assert read_target("http://a.example:80/", allow_http=True).host_header == "a.example"


@pytest.mark.parametrize(
    "url", PARSERS_DISAGREE + NO_PLAIN_ADDRESS + NO_HTTPS + NO_NAME + LOCAL_NAMES + NO_TEXT
)
def test_a_hostile_spelling_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        read_target(url)

    [field] = refusal.value.errors
    assert field.field == "url"
    assert field.message
    assert field.message == refusal.value.detail


@pytest.mark.parametrize("url", PARSERS_DISAGREE + NO_PLAIN_ADDRESS + NO_NAME + NO_TEXT)
def test_allowing_http_and_local_names_opens_no_other_spelling(url: str) -> None:
    with pytest.raises(ValidationFailed):
        read_target(url, allow_http=True, allow_local_names=True)


@pytest.mark.parametrize("url", LOCAL_NAMES)
def test_local_names_are_for_those_who_opened_a_network(url: str) -> None:
    assert read_target(url, allow_local_names=True).is_ip is False


@pytest.mark.parametrize(
    "port", [0, 1, 22, 25, 79, 81, 442, 444, 1023, 2049, 6000, 6667, 10080, 65536, 99999]
)
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    with pytest.raises(ValidationFailed, match=r"Port \d+ is not allowed"):
        read_target(f"https://hooks.example.com:{port}/")


@pytest.mark.parametrize("port", ["٤٤٣", "+443", "-1", "4 43", "443x", "0x1bb", "100000", "1" * 5000])
def test_a_port_is_a_few_plain_digits(port: str) -> None:
    with pytest.raises(ValidationFailed):
        read_target(f"https://hooks.example.com:{port}/")


def test_a_url_of_exactly_the_longest_length_is_taken() -> None:
    start = "https://hooks.example.com/"

    assert read_target(start + "a" * (MAX_URL - len(start))).host == "hooks.example.com"


@pytest.mark.parametrize("url", ["https://gifts.example.com/hooks/a/b", "https://GIFTS.example.com:443/"])
def test_our_own_address_would_be_a_loop(url: str) -> None:
    with pytest.raises(ValidationFailed, match="loop"):
        read_target(url, own_url="https://gifts.example.com")


@pytest.mark.parametrize(
    "url", ["https://gifts.example.com:8443/", "https://other.example.com/", "http://gifts.example.com:8080/"]
)
def test_another_port_or_name_than_our_own_is_no_loop(url: str) -> None:
    assert read_target(url, allow_http=True, own_url="https://gifts.example.com")


def test_an_own_address_that_cannot_be_read_refuses_nothing() -> None:
    assert read_target("https://gifts.example.com/", own_url="no url at all")


@given(st.text(max_size=200))
def test_any_text_is_a_target_or_one_refusal(text: str) -> None:
    for url in (text, "https://" + text, f"https://{text}.example/"):
        try:
            target = read_target(url, allow_http=True, allow_local_names=True)
        except ValidationFailed:
            continue
        assert target.host.isascii()
        assert target.path_and_query.startswith("/")
        assert target.path_and_query.isascii()
