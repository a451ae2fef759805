"""Acting as a platform: signed samples that the gateway itself accepts."""

import json
from typing import Any

import pytest

from connector.domain.errors import BadJson, NotFound, ValidationFailed
from tests.kit.house import House

URL = "https://gifts.example.com/hooks/glow-spa/standard"


def body_of(shop: House, **how: Any) -> dict[str, Any]:
    post = shop.gateway.sample("glow-spa", "standard", "booking.created", url=URL, **how)
    found: dict[str, Any] = json.loads(post.body)
    return found


@pytest.mark.parametrize("source", ["calendly", "generic", "make", "standard", "zapier"])
def test_every_adapters_sample_is_taken_by_its_own_source(shop: House, source: str) -> None:
    assert shop.send(source, "booking.created").body["status"] == "processed"


def test_a_sample_is_the_same_each_time_and_another_person_where_it_is_new(shop: House) -> None:
    first = body_of(shop)

    assert body_of(shop) == first
    assert body_of(shop, is_new=True)["data"]["booking_id"] != first["data"]["booking_id"]


def test_values_are_set_at_paths_as_json_or_text(shop: House) -> None:
    changes = [
        ("data.amount", "12.50"),
        ("data.deep.er", "true"),
        ("data.service", "Hot stones"),
        ("x", '"5"'),
    ]

    found = body_of(shop, changes=changes)

    assert (found["data"]["amount"], found["data"]["deep"]) == (12.5, {"er": True})
    assert (found["data"]["service"], found["x"]) == ("Hot stones", "5")


@pytest.mark.parametrize("path", ["type.inner", "data.", "", "."])
def test_a_place_that_is_not_there_is_named(shop: House, path: str) -> None:
    with pytest.raises(ValidationFailed):
        body_of(shop, changes=[(path, "x")])


def test_a_body_of_ones_own_is_signed_as_it_is(shop: House) -> None:
    body = b'{"type":"custom.x",  "id": 1}'

    post = shop.gateway.sample("glow-spa", "standard", "anything", url=URL, body=body)

    assert post.body == body
    assert shop.receive("standard", shop.signed("standard", "anything", body=body)).status == 200
    with pytest.raises(BadJson):
        shop.gateway.sample("glow-spa", "standard", "x", url=URL, body=b"{", changes=[("a", "1")])


def test_what_is_not_there_is_said(shop: House) -> None:
    with pytest.raises(NotFound, match="glow-spa/nowhere"):
        shop.gateway.sample("glow-spa", "nowhere", "booking.created", url=URL)
    with pytest.raises(ValidationFailed, match=r"booking\.created"):
        shop.gateway.sample("glow-spa", "standard", "booking.creatd", url=URL)
