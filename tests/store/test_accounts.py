"""Accounts and sources by slug; their secrets lie sealed."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.errors import CannotOpen
from connector.domain.sealing import KeyRing
from connector.store import accounts
from connector.store.engine import Engines
from tests.store.making import KEY, OTHER_KEY, VALUES, AnyWriter, make_account

SECRETS = ["newest", "older"]


def put_source(
    writer: AnyWriter, ring: KeyRing, account: Account, slug: str = "calendly", **changed: Any
) -> None:
    values: dict[str, Any] = {
        "slug": slug,
        "adapter": "calendly",
        "secrets": SECRETS,
        "settings": {},
        "managed_by": "config",
        **changed,
    }
    writer.run(lambda tx: accounts.put_source(tx, ring, account, **values))


def test_an_account_is_made_once_and_brought_up_to_date(writer: AnyWriter, engines: Engines) -> None:
    made = writer.run(lambda tx: make_account(tx, "glow-spa"))

    again = writer.run(
        lambda tx: make_account(tx, "glow-spa", name="Glow", country="DE", currency="EUR", sandbox=True)
    )

    assert (again.id, again.public_id, again.name, again.country) == (made.id, made.public_id, "Glow", "DE")
    assert (again.currency, again.sandbox) == ("USD", False), "cards and codes were made under them"
    with engines.reading() as connection:
        assert accounts.find(connection, "glow-spa") == accounts.by_id(connection, made.id) == again
        assert [one.slug for one in accounts.every(connection)] == ["glow-spa"]
        for nobody in ("", "glow", "GLOW-SPA", "glow-spa\x00", "\ud83d"):
            assert accounts.find(connection, nobody) is None


def test_a_source_is_found_with_all_that_receiving_needs(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    settings = {
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "identities": "crm",
        "allow_ips": ["192.0.2.0/24"],
        "respond": "async",
        "return_codes": True,
        "counts_spend": False,
        "delivery_id": "id",
        "options": {"events": "x"},
    }
    put_source(writer, ring, account, settings=settings, credential="for their API")

    with engines.reading() as connection:
        found = accounts.find_source(connection, ring, "glow-spa", "calendly")
        assert found is not None
        assert accounts.source_by_id(connection, ring, found.id) == found
        assert accounts.sources_of(connection, ring, account) == [found]
    assert (found.source.secrets, found.source.currency) == (("newest", "older"), "EUR")
    assert (found.source.timezone, found.namespace, found.allow_ips) == (
        *("Europe/Berlin", "crm"),
        ("192.0.2.0/24",),
    )
    assert (found.respond_async, found.return_codes, found.counts_spend) == (True, True, False)
    assert found.source.options == {"events": "x", "delivery_id": "id"}
    assert found.credential == "for their API"
    assert found.credential not in repr(found)
    writer.run(
        lambda tx: accounts.change_source(
            tx, ring, found, secrets=["one"], settings={}, is_enabled=True, credential=found.credential
        )
    )
    with engines.reading() as connection:
        kept = accounts.source_by_id(connection, ring, found.id)
    assert (kept.source.secrets, kept.credential) == (("one",), "for their API")


def test_what_a_source_leaves_out_is_its_accounts_or_the_safe_choice(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    put_source(writer, ring, account)

    with engines.reading() as connection:
        found = accounts.find_source(connection, ring, "glow-spa", "calendly")

    assert found is not None
    assert (found.source.currency, found.source.timezone) == (VALUES["currency"], VALUES["timezone"])
    assert (found.namespace, found.allow_ips, found.is_enabled) == ("calendly", (), True)
    assert (found.respond_async, found.return_codes, found.counts_spend) == (False, False, True)


def test_a_source_belongs_to_its_account(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account
) -> None:
    put_source(writer, ring, account)

    with engines.reading() as connection:
        for where in (("other-shop", "calendly"), ("glow-spa", "acuity"), ("glow-spa\x00", "calendly")):
            assert accounts.find_source(connection, ring, *where) is None
        assert accounts.sources_of(connection, ring, other) == []


def test_a_source_written_again_has_the_new_secrets_and_the_same_number(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    put_source(writer, ring, account)
    with engines.reading() as connection:
        before = accounts.find_source(connection, ring, "glow-spa", "calendly")

    put_source(writer, ring, account, secrets=["third"])

    with engines.reading() as connection:
        [after] = accounts.sources_of(connection, ring, account)
    assert before is not None
    assert (after.id, after.source.secrets) == (before.id, ("third",))


def test_a_source_that_the_configuration_forgot_is_switched_off_and_one_by_api_is_not(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    put_source(writer, ring, account, "kept")
    put_source(writer, ring, account, "forgotten")
    put_source(writer, ring, account, "by-api", managed_by="api")

    writer.run(lambda tx: accounts.disable_config_sources(tx, {("glow-spa", "kept")}))

    with engines.reading() as connection:
        found = {one.source.slug: one.is_enabled for one in accounts.sources_of(connection, ring, account)}
    assert found == {"kept": True, "forgotten": False, "by-api": True}
    put_source(writer, ring, account, "forgotten")
    with engines.reading() as connection:
        again = accounts.find_source(connection, ring, "glow-spa", "forgotten")
    assert again is not None and again.is_enabled


def test_secrets_lie_sealed_and_open_with_the_ring_alone(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    put_source(writer, ring, account)

    with engines.reading() as connection:
        sealed = connection.execute(text("SELECT secrets_sealed FROM sources")).scalar_one()
        assert "newest" not in sealed
        with pytest.raises(CannotOpen):
            accounts.find_source(connection, KeyRing([OTHER_KEY]), "glow-spa", "calendly")
        rotated = accounts.find_source(connection, KeyRing([OTHER_KEY, KEY]), "glow-spa", "calendly")
    assert rotated is not None and rotated.source.secrets == ("newest", "older")


def test_accounts_are_added_changed_and_paged_by_slug(writer: AnyWriter, engines: Engines) -> None:
    for slug in ("b-shop", "c-shop", "a-shop"):
        made = partial(accounts.add, slug=slug, values=VALUES, managed_by="api")
        assert writer.run(made)
    assert writer.run(lambda tx: accounts.add(tx, slug="b-shop", values=VALUES, managed_by="api")) is None

    with engines.reading() as connection:
        first = accounts.page(connection, after="", limit=2)
        rest = accounts.page(connection, after="b-shop", limit=2)
    assert [one.slug for one in (*first, *rest)] == ["a-shop", "b-shop", "c-shop"]
    assert {one.managed_by for one in first} == {"api"}

    changed = writer.run(
        lambda tx: accounts.change(tx, first[0], {"name": "Another", "timezone": "Asia/Tokyo"})
    )
    assert (changed.name, changed.timezone, changed.currency) == ("Another", "Asia/Tokyo", first[0].currency)


def test_a_source_is_added_once_and_changed_under_its_lock(writer: AnyWriter, engines: Engines) -> None:
    ring = KeyRing([KEY])
    account = writer.run(lambda tx: make_account(tx, "glow-spa"))
    told: dict[str, Any] = {
        "slug": "crm",
        "adapter": "zapier",
        "secrets": ["one"],
        "settings": {"respond": "now"},
    }
    assert writer.run(lambda tx: accounts.add_source(tx, ring, account, **told))
    assert not writer.run(lambda tx: accounts.add_source(tx, ring, account, **told))

    def change(tx: Any) -> None:
        found = accounts.lock_source(tx, ring, account.slug, "crm")
        assert found is not None and found.managed_by == "api"
        settings = {**found.settings, "return_codes": True}
        accounts.change_source(
            tx, ring, found, secrets=["two", "one"], settings=settings, is_enabled=False, credential=""
        )

    writer.run(change)
    assert writer.run(lambda tx: accounts.lock_source(tx, ring, account.slug, "nobody")) is None

    with engines.reading() as connection:
        found = accounts.find_source(connection, ring, account.slug, "crm")
    assert found is not None
    assert (found.source.secrets, found.is_enabled, found.return_codes) == (("two", "one"), False, True)
    assert found.settings["respond"] == "now"
