"""What people say of an endpoint: taken within its limits, and no header that is not theirs to set (T42)."""

from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import ValidationFailed
from connector.flows.endpoint_fields import MASKED, read
from tests.kit.house import House, open_house


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Any:
    house = open_house(tmp_path, sqlite_url)
    yield house
    house.gateway.close()


def test_what_is_right_is_taken_as_it_is_meant(shop: House) -> None:
    given = {
        "url": "http://127.0.0.1:9999/hook",
        "event_types": ["ping", "ping", "gift_card.*"],
        "filter": {"program": ["gold", "gold"], "recipe": ["birthday"]},
        "headers": {"X-Api-Key": "a b~", "authorization": "Bearer 1"},
        "rate_limit": 1000,
        "concurrency": 32,
        "ordering": "card",
        "description": "till",
        "metadata": {"a": 1},
    }

    found, warnings = read(shop.gateway.parts, shop.account, given)

    assert found == {
        **given,
        "event_types": ["ping", "gift_card.*"],
        "filter": {"program": ["gold"], "recipe": ["birthday"]},
        "headers": {"x-api-key": "a b~", "authorization": "Bearer 1"},
    }
    assert warnings == []
    emptied: dict[str, Any] = {"filter": None, "rate_limit": None, "description": None, "headers": {}}
    assert read(shop.gateway.parts, shop.account, emptied)[0] == emptied


OURS = (
    *("Host", "content-length", "Content-Type", "content-encoding", "Transfer-Encoding", "connection"),
    *("keep-alive", "TE", "trailer", "upgrade", "expect", "proxy-authorization", "Proxy-Connection"),
    *("cookie", "User-Agent", "accept-encoding", "webhook-id", "Webhook-Signature", "svix-id"),
    *("connector-x", "forwarded", "via", "X-Forwarded-For", "x-forwarded-host", "x-real-ip"),
    *("Metadata-Flavor", "x-aws-ec2-metadata-token", "X-Amz-Date", "x-goog-user", "x-ms-version"),
)


@pytest.mark.parametrize("name", OURS)
def test_a_header_that_is_ours_is_refused(shop: House, name: str) -> None:
    with pytest.raises(ValidationFailed, match="ours to set"):
        read(shop.gateway.parts, shop.account, {"headers": {name: "x"}})


@pytest.mark.parametrize(
    "headers",
    [
        {"": "x"},
        {"x y": "x"},
        {"x:": "x"},
        {"x\r\ny": "x"},
        {"x_y": "x"},
        {"é": "x"},
        {"x" * 65: "x"},
        {"x": ""},
        {"x": " a"},
        {"x": "a "},
        {"x": "a\r\nb: c"},
        {"x": "a\x00"},
        {"x": "é"},
        {"x": "a" * 1025},
        {"x": 1},
        {"x": None},
        {"x": "1", "X": "2"},
        {f"x-{number}": "1" for number in range(21)},
        {f"x-{number}": "1" * 1000 for number in range(5)},
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(shop: House, headers: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed, match="headers"):
        read(shop.gateway.parts, shop.account, {"headers": headers})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filter", {"account": ["x"]}),
        ("filter", {"program": "gold"}),
        ("filter", {"program": []}),
        ("filter", {"program": [1]}),
        ("filter", {"program": ["x"] * 101}),
        ("rate_limit", 0),
        ("rate_limit", 1001),
        ("concurrency", 0),
        ("concurrency", 33),
        ("ordering", "contact"),
    ],
)
def test_what_is_out_of_its_limits_is_refused_by_name(shop: House, field: str, value: Any) -> None:
    with pytest.raises(ValidationFailed) as refused:
        read(shop.gateway.parts, shop.account, {field: value})

    assert [error.field for error in refused.value.errors] == [field]


def test_a_masked_value_passes_here_and_stays_as_it_was_where_it_is_stored(shop: House) -> None:
    assert read(shop.gateway.parts, shop.account, {"headers": {"x-key": MASKED}})[0] == {
        "headers": {"x-key": MASKED}
    }
