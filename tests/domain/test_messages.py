"""Outgoing messages: what an endpoint may ask for, what it gets, and the bytes that are signed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.domain.errors import ValidationFailed
from connector.domain.jsontext import loads
from connector.domain.messages import (
    MAX_BODY_BYTES,
    MESSAGE_TYPES,
    body_of,
    is_message_type,
    is_pattern,
    passes,
    wants,
)

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)


def _body(data: dict[str, Any], *, sequence: int | None = 7) -> bytes:
    return body_of(
        message_id="msg_1",
        message_type="gift_card.issued",
        at=AT,
        account="glow-spa",
        sandbox=False,
        sequence=sequence,
        data=data,
    )


def test_a_body_has_the_shape_of_the_contract() -> None:
    assert loads(_body({"gift_card": {"id": "gc_1"}})) == {
        "id": "msg_1",
        "type": "gift_card.issued",
        "timestamp": "2026-11-20T15:00:00Z",
        "account": "glow-spa",
        "sandbox": False,
        "sequence": 7,
        "data": {"gift_card": {"id": "gc_1"}},
    }
    assert loads(_body({}, sequence=None))["sequence"] is None


def test_a_body_is_ascii_whatever_it_says() -> None:
    body = _body({"message": "Für Zoë — ¥2,500 🎁"})
    assert body.isascii()
    assert loads(body)["data"]["message"] == "Für Zoë — ¥2,500 🎁"


def test_a_body_is_the_same_bytes_each_time() -> None:
    assert _body({"a": 1, "b": 2}) == _body({"b": 2, "a": 1})


def test_a_body_has_64_kib_at_most() -> None:
    room = MAX_BODY_BYTES - len(_body({"text": ""}))
    assert len(_body({"text": "x" * room})) == MAX_BODY_BYTES == 65_536
    with pytest.raises(ValidationFailed, match="65537 bytes"):
        _body({"text": "x" * (room + 1)})
    with pytest.raises(ValidationFailed, match="bytes"):
        _body({"text": "ü" * (room // 2)})  # it is the bytes sent that count, six a letter


def test_the_types_are_those_of_the_contract() -> None:
    assert len(MESSAGE_TYPES) == len(set(MESSAGE_TYPES)) == 29
    assert all(is_message_type(known) for known in MESSAGE_TYPES)
    assert is_message_type("custom.vip-visit")


@pytest.mark.parametrize(
    "text",
    ["", "gift_card", "gift_card.", "gift_card.*", "*", "booking.completed", "custom.", "Ping", "ping "],
)
def test_what_is_no_type_is_none(text: str) -> None:
    assert not is_message_type(text)


@pytest.mark.parametrize(
    "pattern",
    ["*", "ping", "gift_card.issued", "gift_card.*", "recipe.*", "contact.*", "custom.*", "custom.vip"],
)
def test_an_endpoint_may_subscribe_to_a_type_a_family_or_all(pattern: str) -> None:
    assert is_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "**",
        ".*",
        "*.*",
        "gift_card*",
        "gift_card.",
        "gift.*",
        "gift_card.iss*",
        "gift_card.issued.*",
        "gift_card.*.*",
        "booking.*",
        "ping.*",
        "Gift_card.*",
        " *",
        "custom.*.*",
        "custom.",
        "*.issued",
        "\ud800.*",
    ],
)
def test_what_matches_nothing_is_no_pattern(pattern: str) -> None:
    assert not is_pattern(pattern)


@pytest.mark.parametrize(
    ("patterns", "message_type", "is_wanted"),
    [
        (["*"], "ping", True),
        (["*"], "custom.vip", True),
        (["gift_card.*"], "gift_card.issued", True),
        (["gift_card.*"], "gift_cards.issued", False),
        (["gift_card.*"], "recipe.failed", False),
        (["gift_card.issued"], "gift_card.issued", True),
        (["gift_card.issued"], "gift_card.redeemed", False),
        (["ping", "recipe.*"], "recipe.held", True),
        (["custom.*"], "custom.vip", True),
        (["custom.vip"], "custom.vip2", False),
        ([], "ping", False),
    ],
)
def test_an_endpoint_gets_what_it_asked_for(patterns: list[str], message_type: str, is_wanted: bool) -> None:
    assert wants(patterns, message_type) is is_wanted


CARD = {"gift_card": {"program": "classic", "origin": {"recipe": "birthday"}}}
NO_PROGRAM: dict[str, Any] = {"gift_card": {"program": None, "origin": {}}}


@pytest.mark.parametrize(
    ("asked", "data", "is_wanted"),
    [
        ({"program": ["classic"]}, CARD, True),
        ({"program": ["gold", "classic"]}, CARD, True),
        ({"program": ["gold"]}, CARD, False),
        ({"program": ["classic"]}, NO_PROGRAM, False),
        ({"program": ["classic"]}, {"funding": {"program": "classic"}}, True),
        ({"recipe": ["birthday"]}, CARD, True),
        ({"recipe": ["birthday"]}, {"run": {"recipe": "birthday"}}, True),
        ({"recipe": ["birthday"]}, {"recipe": {"name": "birthday"}}, True),
        ({"recipe": ["birthday"]}, NO_PROGRAM, False),
        ({"recipe": ["birthday"], "program": ["gold"]}, CARD, False),
        ({"recipe": ["custom"]}, {"gift_card": "not one"}, True),
        (None, NO_PROGRAM, True),
    ],
)
def test_a_filter_lets_through_what_it_asks_for(asked: Any, data: dict[str, Any], is_wanted: bool) -> None:
    assert passes(asked, data, "custom") is is_wanted
