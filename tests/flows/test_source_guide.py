"""How to set a source up on its platform, told by the adapter itself; never with a secret."""

from typing import Any

import pytest

from connector.adapters import registry
from connector.domain.errors import NotFound, NotUnderstood
from connector.domain.jsontext import dumps
from connector.flows.source_guide import LAST, SECRET, SIGNATURE, guide
from tests.kit.house import ACCOUNT, PUBLIC_URL, House


def told(house: House, slug: str) -> dict[str, Any]:
    return guide(house.gateway.directory, house.account, slug)


def test_who_signs_is_told_apart_from_who_presents_the_secret(shop: House) -> None:
    calendly, zapier = told(shop, "calendly"), told(shop, "zapier")

    assert calendly["url"] == f"{PUBLIC_URL}/hooks/{ACCOUNT}/calendly"
    assert "signing_key <secret>" in calendly["setup"]
    assert calendly["headers"] == [{"name": "Calendly-Webhook-Signature", "value": SIGNATURE}]
    assert {"type": "booking.created", "platform_name": "invitee.created"} in calendly["events"]
    assert zapier["headers"] == [{"name": "Authorization", "value": f"Bearer {SECRET}"}]
    assert (calendly["takes_path_token"], zapier["takes_path_token"]) == (False, True)


def test_every_adapter_says_what_it_needs_without_a_secret(shop: House) -> None:
    for slug, adapter in registry.adapters().items():
        found = told(shop, slug)

        assert found["setup"] and found["events"] and found["headers"], slug
        assert {one["type"] for one in found["events"]} == set(adapter.samples)
        assert [secret for secret in shop.secrets.values() if secret in dumps(found)] == []
        assert all(set(one) == {"fingerprint"} for one in found["secrets"])


def test_the_last_deliveries_of_this_source_are_shown_with_their_fate(house: House) -> None:
    for number in range(LAST + 2):
        house.tell(type="custom.x", id=str(number))
    with pytest.raises(NotUnderstood):
        house.tell(id="no type")

    found = told(house, "standard")["last_deliveries"]

    assert len(found) == LAST
    assert [one["status"] for one in found] == ["rejected"] + ["ignored"] * (LAST - 1)
    assert {one["source"] for one in found} == {"standard"}
    assert told(house, "zapier")["last_deliveries"] == []


def test_there_is_no_guide_to_what_is_not_there(shop: House) -> None:
    with pytest.raises(NotFound):
        told(shop, "nowhere")
    with pytest.raises(NotFound):
        guide(shop.gateway.directory, shop.other, "calendly")
