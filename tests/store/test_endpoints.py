"""Subscribers: who gets new messages, and secrets that lie sealed."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.errors import CannotOpen
from connector.domain.sealing import KeyRing
from connector.store import conditions, endpoints
from connector.store.endpoints import Endpoint
from connector.store.engine import Engines
from tests.kit.clock import THE_MOMENT
from tests.store.making import KEY, OTHER_KEY, AnyWriter

URL = "https://example.com/hook"


def add(writer: AnyWriter, ring: KeyRing, account: Account, **changed: Any) -> Endpoint:
    values: dict[str, Any] = {
        "account_id": account.id,
        "url": URL,
        "event_types": ["gift_card.*"],
        "secret": "whsec_one",
        "description": "ours",
        "metadata": {"a": 1},
        **changed,
    }
    return writer.run(lambda tx: endpoints.add(tx, ring, **values))


def test_an_endpoint_is_its_accounts_alone(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account
) -> None:
    made = add(writer, ring, account)
    newer = add(writer, ring, account)

    with engines.reading() as connection:
        assert endpoints.find(connection, account.id, made.public_id) == made
        assert [one.public_id for one in endpoints.of_account(connection, account.id)] == [
            newer.public_id,
            made.public_id,
        ]
        for nobodys in ("", "we_nobody", "we_\x00"):
            assert endpoints.find(connection, account.id, nobodys) is None
        assert endpoints.find(connection, other.id, made.public_id) is None
        assert endpoints.of_account(connection, other.id) == []
    assert (made.url, made.event_types, made.status, made.description, made.metadata) == (
        *(URL, ["gift_card.*"], "enabled", "ours"),
        {"a": 1},
    )


def test_its_secret_lies_sealed_and_ends_when_it_is_to(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account
) -> None:
    made = add(writer, ring, account)

    with engines.reading() as connection:
        assert "whsec_one" not in str(connection.execute(text("SELECT * FROM endpoints")).one())
    assert "whsec" not in repr(made)
    for keys, at in ((ring, THE_MOMENT), (KeyRing([OTHER_KEY, KEY]), THE_MOMENT + timedelta(days=999))):
        assert [one.text for one in endpoints.secrets_of(keys, made, at)] == ["whsec_one"]
    with pytest.raises(CannotOpen):
        endpoints.secrets_of(KeyRing([OTHER_KEY]), made, THE_MOMENT)


def test_who_is_disabled_or_deleted_gets_no_new_messages_and_who_is_paused_gets_them_later(
    writer: AnyWriter, engines: Engines, ring: KeyRing, account: Account, other: Account
) -> None:
    made = {name: add(writer, ring, account) for name in ("on", "paused", "disabled", "deleted")}
    add(writer, ring, other)

    writer.run(lambda tx: conditions.disable(tx, made["disabled"].id, "gone", THE_MOMENT))
    writer.run(lambda tx: endpoints.remove(tx, made["deleted"]))
    pause = text("UPDATE endpoints SET status = 'paused' WHERE id = :id")
    writer.run(lambda tx: tx.execute(pause, {"id": made["paused"].id}) and None)

    listening = writer.run(lambda tx: endpoints.listening(tx, account.id, "gift_card.issued"))
    assert {one.id for one in listening} == {made["on"].id, made["paused"].id}
    assert all(one.event_types == ["gift_card.*"] for one in listening)
    with engines.reading() as connection:
        disabled = endpoints.find(connection, account.id, made["disabled"].public_id)
        assert disabled is not None
        assert (disabled.status, disabled.disabled_reason) == ("disabled", "gone")
        assert endpoints.find(connection, account.id, made["deleted"].public_id) is None
        assert len(endpoints.of_account(connection, account.id)) == 3


@pytest.mark.parametrize(
    ("message_type", "wanting"),
    [
        ("gift_card.issued", {"all", "cards", "issued"}),
        ("gift_card.hold_created", {"all", "cards", "held"}),
        ("custom.gift_card", {"all", "customs"}),
        ("ping", {"all"}),
    ],
)
def test_whoever_wants_a_type_is_among_those_that_are_read(
    writer: AnyWriter, ring: KeyRing, account: Account, message_type: str, wanting: set[str]
) -> None:
    """The database passes over the others: it never passes over one that wants the message."""
    lists = {
        "all": ["*"],
        "cards": ["recipe.failed", "gift_card.*"],
        "issued": ["gift_card.issued"],
        "held": ["gift_card.hold_created"],
        "other": ["gift_card.holdXcreated", "giftXcard.issued", "recipe.*"],
        "customs": ["custom.*"],
    }
    made = {add(writer, ring, account, event_types=types).id: name for name, types in lists.items()}

    found = writer.run(lambda tx: endpoints.listening(tx, account.id, message_type))

    assert {made[one.id] for one in found} == wanting
