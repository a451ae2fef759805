"""Whose a card is to be: who was erased is given nothing, and contacts are held before cards."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Actor
from connector.domain.errors import ContactErased, NotFound, ValidationFailed
from connector.operations.load import OPERATION, Load
from connector.operations.registry import operations
from tests.kit.crowd import PATIENCE_S, Crowd, at_once, until
from tests.kit.databases import PostgresMaker
from tests.kit.deeds import card_of, do, told
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.pauses import Gate, Pauses

MIA = {"email": "mia@example.com"}
NOOR = {"email": "noor@example.com"}


def erase(house: House, contact: str) -> None:
    house.gateway.people.erase(house.account, BY_HAND, contact)


PHONE = "+14155550199"


@pytest.mark.parametrize(("door", "phone"), [("api", PHONE), ("action", None)])
@pytest.mark.parametrize("name", ["issue", "add_points"])
def test_an_address_beside_a_known_one_is_believed_of_a_program_and_not_of_an_action(
    name: str, door: str, phone: str | None, shop: House
) -> None:
    """An action's fields are what some tool had, a form say: her next card must not go to whoever typed."""
    mia = shop.issue(2500, contact=MIA)["contact_id"]
    operation = operations()[name]
    given = {"points": 5} if name == "add_points" else {"amount": 100}

    for _ in range(2):
        command = operation.command(**given, contact={**MIA, "phone": PHONE})
        shop.gateway.perform(shop.account, Actor(door), operation, command)

    assert shop.gateway.people.one(shop.account, mia)["phone"] == phone
    assert len(shop.rows("contacts")) == 1


def load_for(house: House, whom: Any) -> dict[str, Any]:
    command = Load(contact_id=whom, amount=300)
    return dict(house.gateway.perform(house.account, BY_HAND, OPERATION, command).body)


GIVING: list[tuple[str, Callable[[House, str, str], Any]]] = [
    ("issue", lambda house, _card, whom: house.issue(100, contact_id=whom)),
    ("load", lambda house, _card, whom: load_for(house, whom)),
    ("update", lambda house, card, whom: do(house, "update", card=card, contact_id=whom)),
]


@pytest.mark.parametrize("give", [row[1] for row in GIVING], ids=[row[0] for row in GIVING])
def test_who_was_erased_is_given_no_card(house: House, give: Callable[[House, str, str], Any]) -> None:
    own = house.issue(2500, contact=MIA)
    noors = house.issue(2500, contact=NOOR)
    erase(house, own["contact_id"])
    before = told(house, noors["id"])

    with pytest.raises(ContactErased, match=own["contact_id"]):
        give(house, noors["id"], own["contact_id"])

    assert [card["contact_id"] for card in house.cards()] == [noors["contact_id"], own["contact_id"]]
    assert [house.balance(card["id"]) for card in house.cards()] == [2500, 2500]
    assert told(house, noors["id"]) == before
    house.require_proof()


def test_a_card_of_somebody_erased_takes_a_note_and_may_go_to_somebody_else(shop: House) -> None:
    own = shop.issue(2500, contact=MIA)
    noors = shop.issue(2500, contact=NOOR)
    erase(shop, own["contact_id"])

    noted = do(shop, "update", card=own["id"], contact_id=own["contact_id"], note="found in a drawer")
    moved = do(shop, "update", card=own["id"], contact_id=noors["contact_id"])

    assert (noted["note"], noted["contact_id"]) == ("found in a drawer", own["contact_id"])
    assert moved["contact_id"] == noors["contact_id"]


def test_an_erased_persons_address_is_anybodys_again(shop: House) -> None:
    gone = shop.issue(2500, contact=MIA)["contact_id"]
    erase(shop, gone)

    new = load_for(shop, MIA)["gift_card"]

    assert new["contact_id"] not in (None, gone)
    assert [row["erased_at"] is None for row in shop.rows("contacts")] == [False, True]


@pytest.mark.parametrize("whom", ["mia@example.com", MIA], ids=["known", "described"])
def test_loads_at_once_for_one_person_make_one_card(house: House, whom: Any) -> None:
    """T25: whatever the order, the first makes the card and the others go on it."""
    house.gateway.people.create(house.account, BY_HAND, MIA, None)

    ended = at_once([partial(load_for, house, whom)] * 4)

    assert [one.error for one in ended] == [None] * 4
    [card] = house.cards()
    assert (card["balance"], card["initial_amount"]) == (1200, 300)
    house.require_proof()


def test_loads_at_once_for_somebody_new_make_one_person_and_one_card(house: House) -> None:
    """T25"""
    ended = at_once([partial(load_for, house, MIA)] * 4)

    assert [one.error for one in ended] == [None] * 4
    assert [card["balance"] for card in house.cards()] == [1200]
    assert len(house.rows("contacts")) == 1
    house.require_proof()


def test_a_card_is_bound_while_its_new_owner_is_erased_and_nobody_begins_again(
    postgres_maker: PostgresMaker, tmp_path: Path
) -> None:
    """Both want the contact and the card: in one order, so that neither waits for the other in a circle."""
    pauses, gate = Pauses(), Gate()
    with postgres_maker.fresh(tmp_path) as url:
        house = open_house(tmp_path, url, pause=pauses)
        card = house.issue(2500, contact=MIA, recipient=NOOR)["id"]
        noor = house.issue(2500, contact=NOOR)["contact_id"]
        pauses.at("update.card_read", gate)
        binding = Crowd([partial(do, house, "update", card=card, contact_id=noor)])
        assert gate.reached.wait(PATIENCE_S)
        erasing = Crowd([partial(erase, house, noor)])
        until(lambda: _waiting(house) == 1)

        gate.open()

        assert [binding.wait()[0].error, erasing.wait()[0].error] == [None, None]
        assert (pauses.passed["update.card_read"], pauses.passed["contacts.found"]) == (1, 1)
        assert (card_of(house, card)["contact_id"], card_of(house, card)["recipient"]) == (noor, None)
        house.gateway.close()


def _waiting(house: House) -> int:
    """How many of this database's connections wait for a lock."""
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    with house.gateway.parts.engines.reading() as connection:
        return int(connection.execute(text(asked)).scalar_one())


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"contact_id": "mia@example.com", "contact": MIA}, ValidationFailed),
        ({"contact": {"pet": "Rex"}}, ValidationFailed),
        ({"contact": {"first_name": "Mia"}}, ValidationFailed),
        ({"contact_id": "ct_" + "0" * 26}, NotFound),
        ({"contact_id": "new@example.com"}, NotFound),
        ({"contact_id": "\x00"}, NotFound),
    ],
    ids=str,
)
def test_who_is_nobody_gets_nothing(shop: House, fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        shop.issue(100, **fields)

    assert shop.cards() == [] == shop.rows("contacts")
