"""Load: more value on a card, from where it has it, and never above what caps and funds allow."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Actor, Caps
from connector.domain.errors import (
    CapReached,
    CardDisabled,
    CardExpired,
    ConnectorError,
    CurrencyMismatch,
    InsufficientFunds,
    NotFound,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from connector.operations.load import OPERATION, Load
from tests.kit.catalogue import a_fund, a_program, left_in
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, told
from tests.kit.house import BY_HAND, House, open_house
from tests.operations.asking import lines, stop

RECIPE = Actor("recipe", {"recipe": "vip", "run_id": "run_1", "event_id": "evt_1"})


@pytest.fixture
def capped(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A shop where no card may hold more than 50.00 USD."""
    built = open_house(tmp_path, sqlite_url, caps={"USD": Caps(per_card=5000)})
    yield built
    built.gateway.close()


def test_value_is_put_on_and_told(house: House) -> None:
    card = house.issue(2500)["id"]

    answer = do(house, "load", card=card, amount=700, reference="till 4")

    assert (answer["gift_card"]["balance"], answer["gift_card"]["initial_amount"]) == (3200, 2500)
    transaction = answer["transaction"]
    assert (transaction["type"], transaction["amount"], transaction["balance_after"]) == ("load", 700, 3200)
    assert (transaction["reference"], transaction["origin"]) == ("till 4", {"key_id": "key_test"})
    assert {*answer} == {"gift_card", "transaction"}
    assert told(house, card) == ["gift_card.loaded"]
    house.require_proof()


@pytest.mark.parametrize(("kind", "source"), [("promotional", "promo:api"), ("paid", "funding:-")])
def test_it_comes_from_where_the_card_has_its_value(shop: House, kind: str, source: str) -> None:
    card = shop.issue(2500, kind=kind)["id"]

    do(shop, "load", card=card, amount=100, kind=kind)

    assert [line["debit"] for line in lines(shop, card)] == [source, source]


def test_what_was_sold_and_what_was_given_never_mix(shop: House) -> None:
    for own, other in (("paid", "promotional"), ("promotional", "paid")):
        card = shop.issue(2500, kind=own)["id"]
        with pytest.raises(ValidationFailed) as refused:
            do(shop, "load", card=card, amount=100, kind=other)
        assert [one.field for one in refused.value.errors] == ["kind"]
        assert shop.balance(card) == 2500


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("nothing", {"amount": 0}, ValidationFailed),
    ("less than nothing", {"amount": -1}, ValidationFailed),
    ("beyond measure", {"amount": MAX_MINOR + 1}, ValidationFailed),
    ("no whole number", {"amount": 10**30}, ValidationFailed),
    ("another currency", {"amount": 1, "currency": "EUR"}, CurrencyMismatch),
    ("no currency of this world", {"amount": 1, "currency": "XXX"}, CurrencyMismatch),
    ("card and person at once", {"amount": 1, "contact_id": "mia@example.com"}, ValidationFailed),
    ("more than any card may hold", {"amount": MAX_MINOR}, CapReached),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_moves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(error):
        do(shop, "load", card=card, **fields)

    assert shop.balance(card) == 2500
    assert told(shop, card) == []


STATES = [("pending", None), ("expired", CardExpired), ("disabled", CardDisabled), ("removed", CardDisabled)]


@pytest.mark.parametrize(("state", "error"), STATES)
def test_a_card_at_its_end_is_not_filled_and_one_before_its_beginning_is(
    shop: House, state: str, error: type[ConnectorError] | None
) -> None:
    card = shop.issue(2500)["id"]
    stop(shop, card, state)

    if error is None:
        assert do(shop, "load", card=card, amount=100)["gift_card"]["balance"] == 2600
    else:
        with pytest.raises(error):
            do(shop, "load", card=card, amount=100)
        assert shop.balance(card) == 2500


def test_an_empty_card_is_filled_again(shop: House) -> None:
    card = shop.issue(2500)["id"]
    shop.redeem(card, all=True)

    assert do(shop, "load", card=card, amount=100)["gift_card"]["state"] == "active"


@pytest.mark.parametrize(("amount", "is_lawful"), [(2499, True), (2500, True), (2501, False)])
def test_no_card_is_loaded_above_the_cap(capped: House, amount: int, is_lawful: bool) -> None:
    """T29: the balance after it counts, not the amount."""
    card = capped.issue(2500)["id"]

    if is_lawful:
        do(capped, "load", card=card, amount=amount)
    else:
        with pytest.raises(CapReached, match=r"50\.01 USD is above the cap of 50\.00 USD"):
            do(capped, "load", card=card, amount=amount)
    assert capped.balance(card) == 2500 + amount * is_lawful


def test_prepaid_funds_are_drawn_on_never_overdrawn_and_a_low_one_is_told(house: House) -> None:
    """S004-66, S004-67."""
    card = house.issue(100, kind="paid")["id"]

    a_fund(house, 1000, threshold=500)

    do(house, "load", card=card, amount=600)
    with pytest.raises(InsufficientFunds, match=r"4\.01 USD"):
        do(house, "load", card=card, amount=401)
    do(house, "load", card=card, amount=400)

    assert [line["debit"] for line in lines(house, card)][1:] == ["prepaid:-", "prepaid:-"]
    assert [one["type"] for one in house.rows("messages")].count("funding.low") == 1
    house.require_proof()


# By person


def load_for(shop: House, whom: str, amount: int = 300, by: Actor = BY_HAND, **fields: Any) -> dict[str, Any]:
    return dict(
        shop.gateway.perform(shop.account, by, OPERATION, Load(contact_id=whom, amount=amount, **fields)).body
    )


def test_a_persons_newest_card_that_can_be_spent_is_loaded(house: House) -> None:
    mia = {"email": "mia@example.com"}
    older = house.issue(1000, contact=mia)["id"]
    newer = house.issue(1000, contact=mia)["id"]
    house.issue(1000, contact=mia, usable_at=THE_MOMENT + timedelta(days=1))
    house.issue(1000, contact=mia, currency="EUR")
    house.issue(1000, contact=mia, kind="paid")
    house.issue(1000, contact={"email": "noor@example.com"})
    house.issue(1000)

    answer = load_for(house, "mia@example.com")

    assert answer["gift_card"]["id"] == newer
    assert (house.balance(older), house.balance(newer)) == (1000, 1300)
    stop(house, newer, "disabled")
    assert load_for(house, "mia@example.com")["gift_card"]["id"] == older
    assert "code" not in answer


def test_a_card_with_nothing_left_is_still_the_persons_card(shop: House) -> None:
    card = shop.issue(1000, contact={"email": "mia@example.com"})["id"]
    shop.redeem(card, all=True)

    assert load_for(shop, "mia@example.com")["gift_card"]["id"] == card


def test_who_has_none_that_can_be_spent_gets_a_new_one_and_its_code(shop: House) -> None:
    card = shop.issue(1000, contact={"email": "mia@example.com"})
    stop(shop, card["id"], "expired")

    answer = load_for(shop, "mia@example.com", 300, reference="R-77")

    made = answer["gift_card"]
    assert (made["balance"], made["initial_amount"], made["kind"]) == (300, 300, "promotional")
    assert made["contact_id"] == card["contact_id"]
    assert (answer["transaction"]["type"], answer["transaction"]["reference"]) == ("issue", "R-77")
    assert shop.gateway.card_by_code(shop.account, answer["code"])["id"] == made["id"]
    shop.require_proof()


def test_another_kind_or_currency_is_another_card(shop: House) -> None:
    card = shop.issue(1000, contact={"email": "mia@example.com"})["id"]

    paid = load_for(shop, "mia@example.com", kind="paid")["gift_card"]
    euros = load_for(shop, "mia@example.com", currency="EUR")["gift_card"]

    assert (paid["kind"], paid["currency"]) == ("paid", "USD")
    assert (euros["kind"], euros["currency"]) == ("promotional", "EUR")
    assert shop.balance(card) == 1000


def test_a_card_of_a_program_is_loaded_where_that_is_named_alone(house: House) -> None:
    """S004-66: nobody draws on a program's prepaid funds unasked."""
    mia = {"email": "mia@example.com"}
    a_program(house, "partner", kind="promotional", valid_for="30 days")
    a_program(house, "other", kind="promotional")
    fund = a_fund(house, 5000, program="partner")
    partners = house.issue(1000, contact=mia, program="partner")["id"]
    a_program(house, "own", kind="promotional")
    house.issue(1000, contact=mia, programs=["other", "own"])

    unasked = load_for(house, "mia@example.com")
    asked = load_for(house, "mia@example.com", program="partner")["gift_card"]
    new = load_for(house, "mia@example.com", program="other")

    assert (unasked["gift_card"]["program"], unasked["transaction"]["type"]) == (None, "issue")
    assert (asked["id"], asked["balance"], left_in(house, fund)) == (partners, 1300, 3700)
    assert (new["gift_card"]["program"], new["transaction"]["type"]) == ("other", "issue")
    again = load_for(house, "mia@example.com")["gift_card"]
    assert again["id"] == unasked["gift_card"]["id"], "the newest of no program, though others are newer"
    house.require_proof()


def test_a_program_that_is_not_there_or_not_the_cards_is_refused(shop: House) -> None:
    a_program(shop, "partner", kind="promotional")
    card = shop.issue(1000, contact={"email": "mia@example.com"})["id"]

    with pytest.raises(NotFound):
        load_for(shop, "mia@example.com", program="partners")
    with pytest.raises(ValidationFailed, match="must be the card's own, none"):
        do(shop, "load", card=card, amount=100, program="partner")

    assert shop.balance(card) == 1000
    assert do(shop, "load", card=shop.issue(100, program="partner")["id"], amount=1, program="partner")


def test_a_recipe_may_name_somebody_new_and_nobody_else_may(shop: House) -> None:
    with pytest.raises(NotFound):
        load_for(shop, "new@example.com")
    assert shop.rows("contacts") == []

    made = load_for(shop, "new@example.com", by=RECIPE)["gift_card"]

    assert (made["source"], made["origin"]["recipe"]) == ("recipe", "vip")
    assert [one["email"] for one in shop.rows("contacts")] == ["new@example.com"]


def test_nobody_and_no_card_is_a_slip(shop: House) -> None:
    with pytest.raises(ValidationFailed) as refused:
        do(shop, "load", amount=100)

    assert [one.field for one in refused.value.errors] == ["card"]


def test_a_person_of_the_account_next_door_is_not_found(shop: House) -> None:
    theirs = shop.issue(1000, contact={"email": "mia@example.com"})["contact_id"]

    with pytest.raises(NotFound):
        shop.gateway.perform(shop.other, BY_HAND, OPERATION, Load(contact_id=theirs, amount=1))


def test_the_cap_holds_for_a_persons_card_too(capped: House) -> None:
    capped.issue(2500, contact={"email": "mia@example.com"})

    with pytest.raises(CapReached):
        load_for(capped, "mia@example.com", 2501)
