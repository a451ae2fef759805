"""One deed under one key: the first answer again, however often; a failure of ours is never kept."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import (
    CapReached,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InsufficientBalance,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from connector.flows.perform import Answered, Idempotency, once
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.issue import Issue
from connector.operations.redeem import OPERATION as REDEEM
from connector.operations.redeem import Redeem
from connector.store.writer import DatabaseFault, Writing
from tests.flows.making import a_house
from tests.kit.crowd import at_once, until
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.pauses import Pauses

KEY = Idempotency("key-1", "POST", "/v1/gift-cards", b'{"amount": 2500}')


def issue(house: House, key: Idempotency | None = KEY, amount: int = 2500) -> Answered:
    return house.gateway.perform(house.account, BY_HAND, ISSUE, Issue(amount=amount), key)


def redeem(house: House, card: str, amount: int, key: str) -> Answered:
    asked = Idempotency(key, "POST", f"/v1/gift-cards/{card}/redeem", str(amount).encode())
    return house.gateway.perform(house.account, BY_HAND, REDEEM, Redeem(card=card, amount=amount), asked)


def test_the_same_key_and_body_gives_the_first_answer_again(house: House) -> None:
    first = issue(house)

    again = issue(house)

    assert (first.status, first.is_replayed) == (201, False)
    assert (again.status, again.is_replayed) == (201, True)
    assert again.body == first.body
    assert again.body["code"], "the code too, or a lost answer would be a lost card"
    assert len(house.cards()) == 1


def test_the_first_answer_outlives_a_restart(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url)
    first = issue(house)
    house.gateway.close()

    again = open_house(tmp_path, database_url)

    assert issue(again).body == first.body
    assert len(again.cards()) == 1
    again.gateway.close()


def test_an_answer_is_not_kept_in_clear(shop: House) -> None:
    code = str(issue(shop).body["code"])

    assert code not in shop.everything()


def test_without_a_key_each_call_is_a_deed(shop: House) -> None:
    assert issue(shop, None).body["id"] != issue(shop, None).body["id"]


@pytest.mark.parametrize(
    "changed", [{"body": b"{}"}, {"method": "PUT"}, {"path": "/v1/other"}, {"body": b'{"amount":2500}'}]
)
def test_another_request_under_the_key_is_refused_and_does_nothing(
    shop: House, changed: dict[str, Any]
) -> None:
    first = issue(shop)

    with pytest.raises(IdempotencyKeyReused) as refusal:
        issue(shop, dataclasses.replace(KEY, **changed))

    assert str(first.body["id"]) not in refusal.value.detail
    assert len(shop.cards()) == 1
    assert issue(shop).is_replayed, "the key still speaks for the first"


def test_another_accounts_same_key_is_its_own(house: House) -> None:
    first = issue(house)

    other = house.gateway.perform(house.other, BY_HAND, ISSUE, Issue(amount=2500), KEY)

    assert not other.is_replayed
    assert other.body["id"] != first.body["id"]


def test_a_refusal_is_kept_like_any_answer(house: House) -> None:
    card = house.issue(1000)["id"]
    with pytest.raises(InsufficientBalance) as first:
        redeem(house, card, 2000, "key-2")
    house.perform(REDEEM, Redeem(card=card, amount=1))

    again = redeem(house, card, 2000, "key-2")

    assert (again.status, again.is_replayed) == (409, True)
    assert isinstance(again.error, InsufficientBalance)
    assert again.error.detail == first.value.detail
    assert house.balance(card) == 999


def test_a_refusal_that_names_fields_names_them_again(shop: House) -> None:
    with pytest.raises(ValidationFailed) as first:
        issue(shop, amount=-1)

    again = issue(shop, amount=-1)

    assert again.error is not None
    assert again.error.errors == first.value.errors != ()


def test_a_refusal_undoes_what_the_deed_had_begun(house: House) -> None:
    def deed(tx: Writing) -> Answered:
        ISSUE.perform(house.gateway.parts.desk(tx, house.account, BY_HAND), Issue(amount=100))
        raise CapReached("enough")

    with pytest.raises(CapReached):
        once(house.gateway.parts, house.account, deed, KEY)

    assert house.cards() == house.rows("messages") == house.rows("transfers") == []
    assert len(house.rows("idempotency_keys")) == 1


@pytest.mark.parametrize("failure", [Unavailable("no"), IdempotencyInProgress("wait"), RuntimeError("a bug")])
def test_what_asks_to_be_tried_again_is_never_kept(house: House, failure: Exception) -> None:
    def deed(tx: Writing) -> Answered:
        raise failure

    with pytest.raises(type(failure)):
        once(house.gateway.parts, house.account, deed, KEY)

    assert house.rows("idempotency_keys") == []
    assert not issue(house).is_replayed


def test_a_failure_of_the_database_is_never_kept(database_url: str, tmp_path: Path) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, pause=pauses) as house:
        card = house.issue(1000)["id"]

        def fail() -> None:
            raise DatabaseFault("gone")

        pauses.at("redeem.card_read", fail)
        with pytest.raises(Unavailable):
            redeem(house, card, 100, "key-2")

        pauses.nowhere()
        assert not redeem(house, card, 100, "key-2").is_replayed
        assert house.balance(card) == 900


def test_fifty_at_once_have_one_effect(house: House) -> None:
    card = house.issue(10_000)["id"]

    ended = at_once([lambda: redeem(house, card, 100, "key-2")] * 50)

    assert sum(not one.value.is_replayed for one in ended) == 1
    assert all(one.value.body == ended[0].value.body for one in ended)
    assert house.balance(card) == 9_900
    house.require_proof()


def test_fifty_at_once_with_a_slow_deed_have_one_effect(database_url: str, tmp_path: Path) -> None:
    """T27: the first is not done before the last has come; the others get its answer, or are told to wait."""
    pauses = Pauses()
    with a_house(tmp_path, database_url, pause=pauses) as house:
        card = house.issue(10_000)["id"]
        came: list[int] = []
        pauses.at("redeem.card_read", lambda: until(lambda: len(came) == 50))

        def call() -> Answered:
            came.append(1)
            return redeem(house, card, 100, "key-2")

        ended = at_once([call] * 50)

        refused = [one.error for one in ended if one.error is not None]
        told = [one.value for one in ended if one.error is None]
        assert all(isinstance(error, IdempotencyInProgress) for error in refused)
        assert sum(not one.is_replayed for one in told) == 1
        assert all(one.body == told[0].body for one in told)
        assert house.balance(card) == 9_900
        assert len(house.rows("transfers", type="redeem")) == 1
        house.require_proof()


def test_a_deed_that_is_not_allowed_leaves_as_it_is_without_a_key(shop: House) -> None:
    with pytest.raises(NotFound):
        shop.redeem("gc_nobody", 100)
