"""Transfer: from card to card, two lines that name each other, and nothing is made or lost."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Caps
from connector.domain.errors import (
    CapReached,
    CardDisabled,
    CardExpired,
    CardNotYetUsable,
    Conflict,
    ConnectorError,
    CurrencyMismatch,
    InsufficientBalance,
    NotFound,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from tests.kit.catalogue import a_fund, a_program
from tests.kit.deeds import do, told
from tests.kit.house import House, open_house
from tests.operations.asking import RATES, acts, hold, lines, put_in_program, stop, sums


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with rates, on both databases."""
    built = open_house(tmp_path, database_url, rates=RATES)
    yield built
    built.gateway.close()


def test_what_one_gives_the_other_gets(house: House) -> None:
    giving, getting = house.issue(2500)["id"], house.issue(1000)["id"]

    answer = do(house, "transfer", card=giving, to=getting, amount=700, reference="merge")

    assert {*answer} == {"gift_card", "transaction", "to_gift_card"}
    assert (answer["gift_card"]["id"], answer["gift_card"]["balance"]) == (giving, 1800)
    assert (answer["to_gift_card"]["id"], answer["to_gift_card"]["balance"]) == (getting, 1700)
    transaction = answer["transaction"]
    assert (transaction["type"], transaction["amount"]) == ("transfer", -700)
    assert (house.balance(giving), house.balance(getting)) == (1800, 1700)
    house.require_proof()


def test_two_lines_name_each_other(shop: House) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(1000)["id"]

    do(shop, "transfer", card=giving, to=getting, amount=700, reference="merge")

    out, into = lines(shop, giving)[-1], lines(shop, getting)[-1]
    assert (out["related"], into["related"]) == (into["public_id"], out["public_id"])
    assert (out["debit"], out["credit"]) == (f"card:{giving}", "transfer")
    assert (into["debit"], into["credit"]) == ("transfer", f"card:{getting}")
    assert (out["reference"], into["reference"]) == ("merge", "merge")
    assert ("transfer", "USD") not in sums(shop)


def test_each_card_tells_of_it_and_names_the_other(shop: House) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(1000)["id"]

    do(shop, "transfer", card=giving, to=getting, all=True)

    assert told(shop, giving) == ["gift_card.transferred", "gift_card.depleted"]
    assert told(shop, getting) == ["gift_card.transferred"]
    bodies = [bytes(one["body"]).decode() for one in shop.rows("messages", type="gift_card.transferred")]
    assert f'"to_gift_card_id":"{getting}"' in bodies[0].replace(" ", "")
    assert f'"from_gift_card_id":"{giving}"' in bodies[1].replace(" ", "")
    assert [one["act"] for one in (*acts(shop, giving), *acts(shop, getting))] == ["transfer", "transfer"]


@pytest.mark.parametrize(("amount", "is_lawful"), [(1499, True), (1500, True), (1501, False)])
def test_what_is_held_is_not_given(shop: House, amount: int, is_lawful: bool) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(1000)["id"]
    hold(shop, giving, 1000)

    if is_lawful:
        do(shop, "transfer", card=giving, to=getting, amount=amount)
    else:
        with pytest.raises(InsufficientBalance, match="has 1500 USD available, 1501 asked"):
            do(shop, "transfer", card=giving, to=getting, amount=amount)
    assert shop.balance(getting) == 1000 + amount * is_lawful
    shop.require_proof()


def test_all_is_what_is_not_held(shop: House) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(1000)["id"]
    hold(shop, giving, 1000)

    assert do(shop, "transfer", card=giving, to=getting, all=True)["transaction"]["amount"] == -1500
    with pytest.raises(InsufficientBalance):
        do(shop, "transfer", card=giving, to=getting, all=True)
    assert told(shop, giving) == ["gift_card.hold_created", "gift_card.transferred"]


def test_both_are_named_by_id_or_code(shop: House) -> None:
    giving, getting = shop.issue(2500), shop.issue(1000)

    do(shop, "transfer", card=giving["code"].lower(), to=getting["code"].replace("-", " "), amount=1)

    assert shop.balance(getting["id"]) == 1001


def test_a_card_gives_nothing_to_itself(shop: House) -> None:
    card = shop.issue(2500)

    for to in (card["id"], card["code"], card["code"].lower()):
        with pytest.raises(ValidationFailed) as refused:
            do(shop, "transfer", card=card["id"], to=to, amount=1)
        assert [one.field for one in refused.value.errors] == ["to"]


def test_what_was_sold_and_what_was_given_never_mix(shop: House) -> None:
    paid, given = shop.issue(2500, kind="paid")["id"], shop.issue(2500)["id"]

    for giving, getting in ((paid, given), (given, paid)):
        with pytest.raises(ValidationFailed) as refused:
            do(shop, "transfer", card=giving, to=getting, amount=1)
        assert [one.field for one in refused.value.errors] == ["to"]
    assert (shop.balance(paid), shop.balance(given)) == (2500, 2500)


def test_a_card_of_the_account_next_door_neither_gives_nor_gets(shop: House) -> None:
    """S000-35."""
    ours, theirs = shop.issue(2500)["id"], shop.issue(1000)["id"]
    move = text("UPDATE cards SET account_id = :account WHERE public_id = :card")
    shop.gateway.parts.writer.run(
        lambda tx: tx.execute(move, {"account": shop.other.id, "card": theirs}) and None
    )

    for giving, getting in ((ours, theirs), (theirs, ours)):
        with pytest.raises(NotFound):
            do(shop, "transfer", card=giving, to=getting, amount=1)
    assert shop.balance(ours) == 2500


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("neither amount nor all", {}, ValidationFailed),
    ("both amount and all", {"amount": 1, "all": True}, ValidationFailed),
    ("nothing", {"amount": 0}, ValidationFailed),
    ("less than nothing", {"amount": -1}, ValidationFailed),
    ("beyond measure", {"amount": MAX_MINOR + 1}, ValidationFailed),
    ("another currency", {"amount": 1, "currency": "EUR"}, CurrencyMismatch),
    ("more than there is", {"amount": 2501}, InsufficientBalance),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_moves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(1000)["id"]

    with pytest.raises(error):
        do(shop, "transfer", card=giving, to=getting, **fields)

    assert (shop.balance(giving), shop.balance(getting)) == (2500, 1000)
    assert told(shop, giving) == told(shop, getting) == []


STATES = [
    ("pending", CardNotYetUsable, None),
    ("expired", CardExpired, CardExpired),
    ("disabled", CardDisabled, CardDisabled),
    ("removed", CardDisabled, CardDisabled),
]


@pytest.mark.parametrize(("state", "gives", "gets"), STATES)
def test_each_state_says_whether_a_card_gives_and_gets(
    shop: House, state: str, gives: type[ConnectorError], gets: type[ConnectorError] | None
) -> None:
    sound, stopped = shop.issue(2500)["id"], shop.issue(2500)["id"]
    stop(shop, stopped, state)

    with pytest.raises(gives):
        do(shop, "transfer", card=stopped, to=sound, amount=100)
    if gets is None:
        do(shop, "transfer", card=sound, to=stopped, amount=100)
    else:
        with pytest.raises(gets):
            do(shop, "transfer", card=sound, to=stopped, amount=100)
    assert shop.balance(sound) == (2400 if gets is None else 2500)


@pytest.mark.parametrize(("amount", "is_lawful"), [(2500, True), (2501, False)])
def test_many_cards_in_one_are_no_way_round_the_cap(
    sqlite_url: str, tmp_path: Path, amount: int, is_lawful: bool
) -> None:
    """The cap per card holds for the one that gets; what a key may give in a day is not touched."""
    shop = open_house(tmp_path, sqlite_url, caps={"USD": Caps(per_card=5000, per_key=6000)})
    giving, getting = shop.issue(3000)["id"], shop.issue(2500)["id"]

    if is_lawful:
        do(shop, "transfer", card=giving, to=getting, amount=amount)
    else:
        with pytest.raises(CapReached, match="per card"):
            do(shop, "transfer", card=giving, to=getting, amount=amount)
    assert shop.balance(giving) == 3000 - amount * is_lawful
    shop.require_proof()
    shop.gateway.close()


def test_the_most_that_a_program_allows_holds_too(shop: House) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(1000)["id"]
    put_in_program(shop, getting, max_balance=1500)

    with pytest.raises(CapReached, match="small"):
        do(shop, "transfer", card=giving, to=getting, amount=501)
    do(shop, "transfer", card=giving, to=getting, amount=500)


@pytest.mark.parametrize("rule", ["funds", "per_day"])
def test_no_value_comes_to_a_program_past_its_funds_or_its_day(house: House, rule: str) -> None:
    """Of another program, or of none; its own cards give to each other as before, and give away."""
    a_program(house, "partner", per_day=1000 if rule == "per_day" else 0)
    a_program(house, "own")
    if rule == "funds":
        a_fund(house, 1000, program="partner")
    ours, mine, plain = (
        house.issue(amount, program=program, kind="paid")["id"]
        for amount, program in ((600, "partner"), (90000, "own"), (500, None))
    )
    theirs = house.issue(400, program="partner")["id"]

    for giving in (mine, plain):
        for asked in ({"amount": 1}, {"all": True}):
            with pytest.raises(Conflict, match="program partner") as refused:
                do(house, "transfer", card=giving, to=theirs, **asked)
            assert (refused.value.code, refused.value.status) == ("conflict", 409)
    do(house, "transfer", card=ours, to=theirs, amount=500)
    do(house, "transfer", card=ours, to=plain, amount=100)
    do(house, "transfer", card=plain, to=mine, amount=600)

    assert [house.balance(one) for one in (ours, theirs, plain, mine)] == [0, 900, 0, 90600]
    house.require_proof()


def test_the_funds_of_a_program_are_no_way_round_those_of_the_account(shop: House) -> None:
    """A card of no program is paid from the account's; programs without funds of theirs are, too."""
    for slug in ("partner", "own"):
        a_program(shop, slug)
    a_fund(shop, 1000)
    a_fund(shop, 90000, program="partner")
    theirs, mine, plain = (
        shop.issue(500, program=program, kind="paid")["id"] for program in ("partner", "own", None)
    )

    for getting in (mine, plain):
        with pytest.raises(Conflict, match="prepaid funds of the account"):
            do(shop, "transfer", card=theirs, to=getting, amount=100)
    do(shop, "transfer", card=plain, to=mine, amount=100)
    do(shop, "transfer", card=mine, to=plain, amount=600)

    assert [shop.balance(one) for one in (theirs, mine, plain)] == [500, 0, 1000]


# Between currencies


def test_to_a_card_in_another_currency_it_goes_by_the_rate(exchange: House) -> None:
    giving, getting = exchange.issue(2500)["id"], exchange.issue(1000, currency="EUR")["id"]

    answer = do(exchange, "transfer", card=giving, to=getting, amount=1000)

    assert (answer["gift_card"]["balance"], answer["to_gift_card"]["balance"]) == (1500, 1920)
    out, into = lines(exchange, giving)[-1], lines(exchange, getting)[-1]
    assert (out["credit"], into["debit"]) == ("fx", "fx")
    assert (out["related"], into["related"]) == (into["public_id"], out["public_id"])
    assert out["rate"] == into["rate"] == "USD/EUR 0.92"
    assert (sums(exchange)[("fx", "USD")], sums(exchange)[("fx", "EUR")]) == (1000, -920)
    exchange.require_proof()


def test_there_and_back_again_makes_nothing(exchange: House) -> None:
    """What arrives is rounded down each time: the exchange keeps the rest."""
    dollars, dinars = exchange.issue(1000)["id"], exchange.issue(1000, currency="KWD")["id"]

    for _ in range(5):
        do(exchange, "transfer", card=dollars, to=dinars, amount=7)
        do(exchange, "transfer", card=dinars, to=dollars, amount=21)

    assert exchange.balance(dinars) == 1000
    assert exchange.balance(dollars) == 995
    exchange.require_proof()


def test_a_sum_that_comes_to_nothing_is_not_taken(exchange: House) -> None:
    dollars, dinars = exchange.issue(1000)["id"], exchange.issue(1000, currency="KWD")["id"]

    with pytest.raises(ValidationFailed, match="comes to nothing in USD") as refused:
        do(exchange, "transfer", card=dinars, to=dollars, amount=1)

    assert [one.field for one in refused.value.errors] == ["amount"]
    assert exchange.balance(dinars) == 1000


def test_without_a_rate_nothing_goes_across(shop: House) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(1000, currency="EUR")["id"]

    with pytest.raises(CurrencyMismatch):
        do(shop, "transfer", card=giving, to=getting, amount=1000)


# At once


def test_two_that_give_to_each_other_at_once_wait_for_nobody_for_ever(house: House) -> None:
    """Both are locked in one order: no deadlock, and every transfer is done."""
    one, two = house.issue(10_000)["id"], house.issue(10_000)["id"]
    errors: list[Exception] = []

    def give(giving: str, getting: str) -> None:
        try:
            for _ in range(10):
                do(house, "transfer", card=giving, to=getting, amount=10)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=give, args=pair) for pair in ((one, two), (two, one)) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert (house.balance(one), house.balance(two)) == (10_000, 10_000)
    assert len(lines(house, one)) == 61
    house.require_proof()


def test_where_the_second_half_is_refused_the_first_is_undone(shop: House) -> None:
    giving, getting = shop.issue(2500)["id"], shop.issue(MAX_MINOR)["id"]

    with pytest.raises(CapReached):
        do(shop, "transfer", card=giving, to=getting, amount=1)

    assert shop.balance(giving) == 2500
    assert len(lines(shop, giving)) == 1
    shop.require_proof()


def test_no_rounding_ever_creates_value(exchange: House) -> None:
    """T28: a sum that goes to and fro in whatever parts never comes back greater."""
    for other, part in (("EUR", 1), ("EUR", 3), ("KWD", 1), ("KWD", 4)):
        dollars, foreign = exchange.issue(100)["id"], exchange.issue(1, currency=other)["id"]
        do(exchange, "adjust", card=foreign, amount=-1, reason="correction")
        do(exchange, "transfer", card=dollars, to=foreign, all=True)
        while exchange.balance(foreign) >= part:
            try:
                do(exchange, "transfer", card=foreign, to=dollars, amount=part)
            except ValidationFailed:  # a part that comes to nothing is not taken
                break
        assert exchange.balance(dollars) <= 100
    exchange.require_proof()
