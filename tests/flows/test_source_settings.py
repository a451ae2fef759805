"""What a source may be told at run time: a credential goes in, and never out."""

from typing import Any

import pytest

from connector.domain.errors import ValidationFailed
from connector.flows.source_settings import MAX_SECRET
from tests.kit.house import House

CREDENTIAL = "4711:glow-api-key"


def made(house: House, **told: Any) -> dict[str, Any]:
    directory = house.gateway.directory
    return dict(directory.create_source(house.account, slug="visits", adapter="acuity", **told).body)


def changed(house: House, **told: Any) -> dict[str, Any]:
    return dict(house.gateway.directory.change_source(house.account, "visits", **told).body)


def kept(house: House) -> str:
    [found] = [one for one in house.gateway.sources(house.account) if one.source.slug == "visits"]
    return found.credential


def test_a_credential_is_kept_sealed_and_never_shown(house: House) -> None:
    shown = made(house, credential=CREDENTIAL)
    assert (shown["has_credential"], kept(house)) == (True, CREDENTIAL)
    assert CREDENTIAL not in repr(shown) + house.everything()
    assert CREDENTIAL not in repr(house.gateway.directory.source(house.account, "visits"))
    assert changed(house, rotate=True)["has_credential"]
    assert kept(house) == CREDENTIAL
    assert changed(house, credential="4711:another")["has_credential"]
    assert kept(house) == "4711:another"
    assert not changed(house, credential=None)["has_credential"]
    assert kept(house) == ""
    assert not any(word in house.everything() for word in (CREDENTIAL, "4711:another"))


@pytest.mark.parametrize("credential", ["", " ", "a\nb", "\x00", "x" * (MAX_SECRET + 1)])
def test_what_is_no_credential_is_refused(shop: House, credential: str) -> None:
    with pytest.raises(ValidationFailed, match="credential"):
        made(shop, credential=credential)


def test_a_credential_that_nobody_would_use_is_refused(shop: House) -> None:
    with pytest.raises(ValidationFailed, match="credential: is of no use"):
        shop.gateway.directory.create_source(shop.account, slug="shop", adapter="woocommerce", credential="x")


def test_a_credential_is_never_sent_to_another_address_than_it_was_given_for(shop: House) -> None:
    """Who may change a source may not read its credential, nor send it to themselves."""
    made(shop, credential=CREDENTIAL)
    elsewhere = {"options": {"api_url": "https://evil.example.com"}}
    with pytest.raises(ValidationFailed, match="credential: must be given again"):
        changed(shop, settings=elsewhere)
    assert changed(shop, settings={"return_codes": True})["return_codes"]
    assert changed(shop, settings=elsewhere, credential="mine")["options"] == elsewhere["options"]
    with pytest.raises(ValidationFailed, match="credential: must be given again"):
        changed(shop, settings={"options": {}})
    assert not changed(shop, settings={"options": {}}, credential=None)["has_credential"]
