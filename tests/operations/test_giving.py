"""Caps: what a card may hold, and what may be given out in a day by a key, a recipe or of a program."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Actor, Caps
from connector.domain.cards import Card
from connector.domain.errors import CapReached, CodeTaken, ConnectorError, DailyCapReached
from connector.domain.money import MAX_MINOR, Money
from connector.domain.rates import Rates
from connector.flows import bulk
from connector.operations.giving import require_caps
from connector.operations.issue import OPERATION, Issue
from connector.operations.kit import Desk
from connector.store import cards
from connector.store.writer import Writing
from connector.web.access import actor
from tests.kit.catalogue import a_program
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House, open_house

RECIPE = Actor("recipe", {"recipe": "welcome", "run_id": "run_1"})
OTHER_KEY = Actor("api", {"key_id": "key_other"})
AT_THE_DESK = Actor("manual", {"command": "cards issue"})


@contextmanager
def capped(folder: Path, url: str, **caps: int) -> Iterator[House]:
    built = open_house(folder, url, caps={"USD": Caps(**caps)})
    try:
        yield built
    finally:
        built.gateway.close()


def issue(house: House, amount: int, actor: Actor = BY_HAND, account: Any = None, **fields: Any) -> Any:
    command = Issue(amount=amount, **fields)
    return house.gateway.perform(account or house.account, actor, OPERATION, command).body


def sums(house: House) -> dict[str, int]:
    return {row["subject"]: row["amount"] for row in house.rows("cap_sums")}


def test_a_key_gives_out_up_to_its_cap_a_day_and_no_more(database_url: str, tmp_path: Path) -> None:
    """T33."""
    with capped(tmp_path, database_url, per_key=10_000) as house:
        issue(house, 6_000)
        issue(house, 4_000)

        with pytest.raises(DailyCapReached) as refused:
            issue(house, 1)

        assert refused.value.code == "cap_reached"
        assert "100.00 USD a day for the key key_test" in refused.value.detail
        assert "leaves 0.00 USD" in refused.value.detail
        assert issue(house, 10_000, OTHER_KEY)["balance"] == 10_000, "another key has its own"
        assert sums(house) == {"key:key_test": 10_000, "key:key_other": 10_000}
        house.require_proof()


def test_tomorrow_is_another_day_by_the_calendar_of_the_account(database_url: str, tmp_path: Path) -> None:
    """It is 10:00 in New York: 14 hours later a new day begins there."""
    with capped(tmp_path, database_url, per_key=10_000) as house:
        issue(house, 10_000)
        house.clock.forward(timedelta(hours=13, minutes=59))
        with pytest.raises(DailyCapReached):
            issue(house, 1)

        house.clock.forward(timedelta(minutes=1))

        assert issue(house, 10_000)["balance"] == 10_000


def test_a_recipe_has_a_cap_of_its_own_and_who_works_by_hand_has_none(
    sqlite_url: str, tmp_path: Path
) -> None:
    with capped(tmp_path, sqlite_url, per_key=5_000, per_recipe=2_000) as house:
        issue(house, 2_000, RECIPE)
        with pytest.raises(DailyCapReached, match=r"the recipe welcome \(\[caps\] per_day_per_recipe\)"):
            issue(house, 1, RECIPE)

        issue(house, 900_000, AT_THE_DESK)

        assert sums(house) == {"recipe:welcome": 2_000}


def test_the_cap_of_a_program_holds_for_everybody(sqlite_url: str, tmp_path: Path) -> None:
    with capped(tmp_path, sqlite_url) as house:
        a_program(house, per_day=5_000)
        issue(house, 3_000, program="spa")
        issue(house, 2_000, AT_THE_DESK, program="spa")

        for actor in (BY_HAND, AT_THE_DESK, RECIPE):
            with pytest.raises(DailyCapReached, match="the program spa"):
                issue(house, 1, actor, program="spa")

        assert issue(house, 9_000)["balance"] == 9_000, "cards of no program are not counted"
        assert sums(house) == {"program:spa": 5_000}


def test_what_was_refused_was_never_counted(database_url: str, tmp_path: Path) -> None:
    with capped(tmp_path, database_url, per_key=10_000, per_recipe=10_000) as house:
        a_program(house, per_day=4_000)
        issue(house, 1_000, code="SUMMER2026")
        refused: list[dict[str, Any]] = [
            {"amount": 9_001},
            {"amount": 4_001, "program": "spa"},  # the key's sum is asked before the program's
            {"amount": 100, "code": "SUMMER2026"},
        ]
        for fields in refused:
            with pytest.raises((CapReached, CodeTaken)):
                issue(house, **fields)

        assert sums(house) == {"key:key_test": 1_000}


def test_a_crowd_gives_out_no_more_than_the_cap(database_url: str, tmp_path: Path) -> None:
    with capped(tmp_path, database_url, per_key=10_000) as house:
        ended = at_once([lambda: issue(house, 1_000)] * 32)

        errors = [one.error for one in ended if one.error is not None]
        assert len(ended) - len(errors) == 10
        assert {type(one) for one in errors} == {DailyCapReached}
        assert sum(card["balance"] for card in house.cards()) == 10_000
        house.require_proof()


@pytest.mark.parametrize(
    ("currency", "first", "refused"),
    [
        ("JPY", 60, 41),  # without a rate: number for number
        ("KWD", 59_001, 41_000),  # 59.001 dinars count as 60 dollars: rounded up
        ("EUR", 5_000, 4_001),  # 50 euros are 60 dollars, 40.01 euros 48.01
    ],
)
def test_another_currency_is_no_way_round(
    sqlite_url: str, tmp_path: Path, currency: str, first: int, refused: int
) -> None:
    with capped(tmp_path, sqlite_url) as house:
        rates = Rates("USD", {"EUR": Money.parse("1.00", "USD").decimal / 6 * 5})
        parts = house.gateway.parts

        def give(amount: int) -> Any:
            def work(tx: Writing) -> Any:
                desk = replace(parts.desk(tx, house.account, BY_HAND), caps=Caps(per_key=10_000), rates=rates)
                return OPERATION.perform(desk, Issue(amount=amount, currency=currency))

            return parts.writer.run(work)

        give(first)
        with pytest.raises(DailyCapReached):
            give(refused)
        assert sums(house) == {"key:key_test": {"JPY": 6_000, "KWD": 5_901, "EUR": 6_000}[currency]}


@pytest.mark.parametrize("amount", [1, MAX_MINOR])
def test_no_sum_is_too_small_or_too_large_to_count(shop: House, amount: int) -> None:
    parts = shop.gateway.parts
    rates = Rates("USD", {"VND": Money.parse("25000.00", "USD").decimal})

    def work(tx: Writing) -> None:
        desk = replace(parts.desk(tx, shop.account, BY_HAND), caps=Caps(per_key=MAX_MINOR), rates=rates)
        require_caps(desk, Money(amount, "VND"))
        require_caps(replace(desk, actor=OTHER_KEY), Money(amount, "KRW"))

    parts.writer.run(work)

    assert min(sums(shop).values()) >= 1
    assert max(sums(shop).values()) <= MAX_MINOR


def on_card(house: House, amount: int, card: str, caps: Caps) -> None:
    """As load, adjust and set_balance ask."""
    parts = house.gateway.parts

    def work(tx: Writing) -> None:
        desk: Desk = replace(parts.desk(tx, house.account, BY_HAND), caps=caps)
        found: Card | None = cards.lock(tx, house.account.id, card)
        assert found is not None
        require_caps(desk, Money(amount, found.currency), card=found)

    parts.writer.run(work)


@pytest.mark.parametrize(("amount", "is_lawful"), [(2_499, True), (2_500, True), (2_501, False)])
def test_what_is_put_on_a_card_counts_with_what_it_holds(shop: House, amount: int, is_lawful: bool) -> None:
    """T29."""
    card = shop.issue(2_500)["id"]

    if is_lawful:
        on_card(shop, amount, card, Caps(per_card=5_000))
    else:
        with pytest.raises(CapReached, match=r"50\.01 USD is above the cap of 50\.00 USD"):
            on_card(shop, amount, card, Caps(per_card=5_000))


def test_a_card_keeps_to_the_rules_of_its_program(shop: House) -> None:
    a_program(shop, max_balance=5_000, per_day=6_000)
    card = shop.issue(2_500, program="spa")["id"]

    on_card(shop, 2_500, card, Caps())
    with pytest.raises(CapReached, match=r"the 50\.00 USD that the program spa allows") as refused:
        on_card(shop, 2_501, card, Caps())
    assert not isinstance(refused.value, DailyCapReached)
    with pytest.raises(DailyCapReached, match="the program spa"):
        on_card(shop, 1_001, card, Caps())


def test_a_stolen_key_is_stopped_and_named(database_url: str, tmp_path: Path) -> None:
    """T33: ten thousand cards, or one of ten million dollars."""
    with capped(tmp_path, database_url, per_card=200_000, per_key=1_000_000) as house:
        with pytest.raises(CapReached):
            issue(house, 10**9)
        told: list[str] = []
        for _ in range(60):
            try:
                issue(house, 20_000)
            except ConnectorError as refused:
                told.append(refused.code)

        assert told == ["cap_reached"] * 10
        assert len(house.cards()) == 50
        assert {row["origin"]["key_id"] for row in house.rows("audit")} == {"key_test"}


def test_keys_that_a_key_made_have_its_cap_together(database_url: str, tmp_path: Path) -> None:
    """T33: a stolen admin's key that makes itself more keys gives out no more by them."""
    with capped(tmp_path, database_url, per_key=10_000) as house:
        root = house.gateway.create_key(house.account, name="stolen", scopes=["admin"])
        access = house.gateway.authenticate(root["key"])
        keys = [actor(access, "api")]
        for _ in range(3):
            made = house.gateway.directory.make_key(
                house.account, name="m", scopes=["admin"], by=keys[-1]
            ).body
            keys.append(actor(house.gateway.authenticate(made["key"]), "api"))

        given = []
        for one in keys:
            try:
                given.append(issue(house, 4_000, one)["balance"])
            except DailyCapReached as refused:
                assert root["id"] in refused.detail

        assert given == [4_000, 4_000]
        assert sums(house) == {f"key:{root['id']}": 8_000}


def test_a_job_of_such_a_key_counts_there_too(shop: House) -> None:
    """T33."""
    root = shop.gateway.create_key(shop.account, name="stolen", scopes=["admin"])
    by = actor(shop.gateway.authenticate(root["key"]), "api")
    made = shop.gateway.directory.make_key(shop.account, name="m", scopes=["admin"], by=by).body
    minted = actor(shop.gateway.authenticate(made["key"]), "api")
    parts = replace(shop.gateway.parts, caps={"USD": Caps(per_key=250)})

    bulk.submit(parts, shop.account, minted, [bulk.Asked({"amount": 100})] * 3, None)
    bulk.Worker(parts).turn()

    [job] = shop.rows("jobs")
    assert (job["done"], job["failed"], sums(shop)) == (2, 1, {f"key:{root['id']}": 200})
