"""Update: a null empties a field, one left out stays. Money and an expired card's end are not touched."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import CardDisabled, CardExpired, ConnectorError, NotFound, ValidationFailed
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do, put, row_of, told, trail
from tests.kit.house import House

DAY = timedelta(days=1)
MIA = {"email": "mia@example.com"}


def test_what_is_given_is_written_and_the_rest_stays(house: House) -> None:
    card = house.issue(2500, note="old", message="Enjoy", recipient={"name": "Mia"}, contact=MIA)["id"]
    before = card_of(house, card)
    house.clock.forward(timedelta(minutes=1))

    shown = do(house, "update", card=card, note="new", expires_at=THE_MOMENT + DAY)

    changed = {"note": "new", "expires_at": "2026-11-21T15:00:00Z", "updated_at": "2026-11-20T15:01:00Z"}
    assert shown == {**before, **changed} == card_of(house, card)
    assert told(house, card) == ["gift_card.updated"]
    assert trail(house, card) == ["update"]
    house.require_proof()


def test_a_null_empties_a_field(house: House) -> None:
    card = house.issue(
        2500,
        note="n",
        message="m",
        recipient={"name": "Mia"},
        contact=MIA,
        usable_at=THE_MOMENT + DAY,
        expires_at=THE_MOMENT + 2 * DAY,
        metadata={"shelf": 4},
    )["id"]

    shown = do(
        house,
        "update",
        card=card,
        note=None,
        message=None,
        recipient=None,
        contact_id=None,
        usable_at=None,
        expires_at=None,
        metadata=None,
    )

    emptied = ("note", "message", "recipient", "contact_id", "usable_at", "expires_at")
    assert [shown[name] for name in emptied] == [None] * 6
    assert shown["metadata"] == {}
    assert (shown["state"], shown["balance"]) == ("active", 2500)


def test_metadata_is_merged_key_by_key(shop: House) -> None:
    card = shop.issue(2500, metadata={"shelf": 4, "box": "b", "till": None})["id"]

    shown = do(shop, "update", card=card, metadata={"shelf": 5, "box": None, "new": {"deep": 1}})

    assert shown["metadata"] == {"shelf": 5, "new": {"deep": 1}}


def test_metadata_has_its_bounds_after_the_merge_too(shop: House) -> None:
    card = shop.issue(2500, metadata={f"old{number}": number for number in range(50)})["id"]

    with pytest.raises(ValidationFailed, match="51 keys"):
        do(shop, "update", card=card, metadata={"one": 1})
    with pytest.raises(ValidationFailed, match="8192 bytes"):
        do(shop, "update", card=card, metadata={"old1": "x" * 8192})
    do(shop, "update", card=card, metadata={"one": 1, "old1": None})


def test_a_card_is_made_somebody_elses(house: House) -> None:
    first = house.issue(2500, contact=MIA)
    other = house.issue(100, contact={"email": "noor@example.com"})

    by_mail = do(house, "update", card=first["id"], contact_id="noor@example.com")
    again = do(house, "update", card=first["id"], contact_id=other["contact_id"])

    assert by_mail["contact_id"] == again["contact_id"] == other["contact_id"]
    assert told(house, first["id"]) == ["gift_card.updated"], "the second changed nothing"
    [row] = [row for row in house.rows("audit") if row["act"] == "update"]
    assert row["details"] == {"fields": ["contact_id"], "contact_id": other["contact_id"]}


def test_what_changes_nothing_is_not_told(shop: House) -> None:
    card = shop.issue(2500, note="n", recipient={"name": "Mia"}, contact=MIA)["id"]
    before = card_of(shop, card)
    shop.clock.forward(timedelta(minutes=1))

    assert do(shop, "update", card=card) == before
    same: dict[str, Any] = {"note": "n", "recipient": {"name": "Mia"}, "contact_id": before["contact_id"]}
    assert do(shop, "update", card=card, **same, metadata={}, expires_at=None) == before

    assert told(shop, card) == [] == trail(shop, card)


def test_the_audit_trail_does_not_repeat_what_people_wrote(shop: House) -> None:
    """It outlives the erasure of a person."""
    card = shop.issue(2500)["id"]

    do(shop, "update", card=card, note="Mia's mother", recipient={"email": "mia@example.com"}, usable_at=None)

    [row] = [row for row in shop.rows("audit") if row["act"] == "update"]
    assert row["details"] == {"fields": ["note", "recipient"]}


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("a novel", {"note": "x" * 2001}, ValidationFailed),
    ("a long message", {"message": "x" * 2001}, ValidationFailed),
    ("strange details", {"recipient": {"pet": "Rex"}}, ValidationFailed),
    ("details that are no text", {"recipient": {"name": 4}}, ValidationFailed),
    ("an end that is over", {"expires_at": THE_MOMENT}, ValidationFailed),
    (
        "an end before its beginning",
        {"usable_at": THE_MOMENT + DAY, "expires_at": THE_MOMENT + DAY},
        ValidationFailed,
    ),
    ("a beginning after its end", {"usable_at": THE_MOMENT + 9 * DAY}, ValidationFailed),
    ("nobody", {"contact_id": "ct_" + "0" * 26}, NotFound),
    ("somebody unknown", {"contact_id": "who@example.com"}, NotFound),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_writes_nothing(
    house: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    card = house.issue(2500, expires_at=THE_MOMENT + 5 * DAY)["id"]
    before = card_of(house, card)

    with pytest.raises(error):
        do(house, "update", card=card, **{"message": "hello", **fields})

    assert card_of(house, card) == before
    assert told(house, card) == []


def test_an_expired_card_keeps_its_end_and_takes_a_note(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + DAY)["id"]
    shop.clock.forward(DAY)

    for end in (None, THE_MOMENT + 9 * DAY):
        with pytest.raises(CardExpired, match="revive"):
            do(shop, "update", card=card, expires_at=end)

    assert do(shop, "update", card=card, note="asked for it")["note"] == "asked for it"


def test_a_card_that_is_stopped_and_expired_keeps_its_end_too(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + DAY)["id"]
    do(shop, "disable", card=card)
    shop.clock.forward(DAY)

    with pytest.raises(CardExpired):
        do(shop, "update", card=card, expires_at=None)


def test_a_removed_card_is_not_written_on(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "remove", card=card)

    with pytest.raises(CardDisabled):
        do(shop, "update", card=card, note="too late")


def test_a_new_end_is_told_of_anew(shop: House) -> None:
    card = shop.issue(2500)["id"]
    put(shop, card, expiry_told_at=THE_MOMENT)

    do(shop, "update", card=card, note="n")
    assert row_of(shop, card)["expiry_told_at"] == THE_MOMENT
    do(shop, "update", card=card, expires_at=THE_MOMENT + DAY)

    assert row_of(shop, card)["expiry_told_at"] is None
