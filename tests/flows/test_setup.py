"""Accounts and sources of the configuration become rows, and stay what cards were made under."""

import dataclasses
from collections.abc import Callable

import pytest

from connector.domain.errors import NotFound, ValidationFailed
from connector.flows.setup import ConfiguredAccount, ConfiguredSource, add, write
from tests.kit.house import House

SPA = ConfiguredAccount("new-spa", "New Spa", "EUR", "Europe/Berlin", "DE", False)
HOOK = ConfiguredSource("new-spa", "zapier", "zapier", ["s" * 32], {"return_codes": True}, "c" * 32)


def test_accounts_and_sources_are_written_and_brought_up_to_date(house: House) -> None:
    parts = house.gateway.parts
    write(parts, [SPA], [HOOK])
    first = house.gateway.account("new-spa")

    write(parts, [dataclasses.replace(SPA, name="Newer", timezone="Europe/Paris", country="FR")], [HOOK])

    again = house.gateway.account("new-spa")
    assert (again.id, again.name, again.timezone, again.country) == (first.id, "Newer", "Europe/Paris", "FR")
    assert (again.currency, again.sandbox) == ("EUR", False)
    [source] = house.gateway.sources(again)
    assert (source.source.slug, source.is_enabled, source.return_codes) == ("zapier", True, True)
    assert list(source.source.secrets) == ["s" * 32]
    assert source.credential == "c" * 32
    assert not any(secret * 32 in house.everything() for secret in "sc")


def test_a_source_that_the_configuration_no_longer_names_takes_nothing_more(house: House) -> None:
    parts = house.gateway.parts
    write(parts, [SPA], [HOOK])

    write(parts, [SPA], [])

    [source] = house.gateway.sources(house.gateway.account("new-spa"))
    assert not source.is_enabled
    with pytest.raises(NotFound):
        house.tell(type="custom.x")
    write(parts, [SPA], [HOOK])
    assert house.gateway.sources(house.gateway.account("new-spa"))[0].is_enabled


@pytest.mark.parametrize("changed", [{"currency": "USD"}, {"sandbox": True}])
def test_what_cards_were_made_under_never_changes(house: House, changed: dict[str, object]) -> None:
    parts = house.gateway.parts
    write(parts, [SPA], [HOOK])

    with pytest.raises(ValidationFailed, match="another slug"):
        write(parts, [dataclasses.replace(SPA, name="Never", **changed)], [])  # type: ignore[arg-type]

    assert house.gateway.account("new-spa").name == "New Spa"
    assert house.gateway.sources(house.gateway.account("new-spa"))[0].is_enabled, "nothing of it was written"


def test_who_only_adds_changes_nothing_that_is_there(house: House) -> None:
    """Neither a secret, nor a name, nor what was disabled; and closes nothing."""
    parts = house.gateway.parts
    other = ConfiguredSource("new-spa", "make", "make", ["m" * 32])
    add(parts, [SPA], [HOOK])
    before = house.everything()

    add(parts, [dataclasses.replace(SPA, name="Other")], [dataclasses.replace(HOOK, secrets=["x" * 32])])
    add(parts, [], [])

    assert house.everything() == before
    add(parts, [SPA], [HOOK, other])
    sources = house.gateway.sources(house.gateway.account("new-spa"))
    assert [(one.source.slug, one.is_enabled, one.managed_by) for one in sources] == [
        ("make", True, "config"),
        ("zapier", True, "config"),
    ]
    write(parts, [SPA], [other])
    add(parts, [SPA], [HOOK, other])
    sources = house.gateway.sources(house.gateway.account("new-spa"))
    assert [one.is_enabled for one in sources] == [True, False], "what was closed stays closed"


@pytest.mark.parametrize("put", [write, add])
def test_nobody_works_under_a_currency_that_is_not_the_accounts(
    shop: House, put: Callable[..., None]
) -> None:
    write(shop.gateway.parts, [SPA], [])

    with pytest.raises(ValidationFailed, match="another slug"):
        put(shop.gateway.parts, [dataclasses.replace(SPA, currency="USD")], [])


def test_an_account_without_a_name_is_called_by_its_slug(shop: House) -> None:
    write(shop.gateway.parts, [dataclasses.replace(SPA, name="")], [])

    assert shop.gateway.account("new-spa").name == "new-spa"
