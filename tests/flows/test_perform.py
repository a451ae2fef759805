"""One deed under one key: the first answer again, however often; a failure of ours is never kept."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Actor
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
from connector.operations.registry import operations
from connector.operations.reveal import OPERATION as REVEAL
from connector.operations.reveal import Reveal
from connector.store.writer import DatabaseFault, Writing
from tests.flows.making import a_house
from tests.kit.crowd import at_once, until
from tests.kit.deeds import do
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


# Another access key asks again


THEIRS = dataclasses.replace(KEY, asked_by="key_b")
LOOKING = Actor("api", {"key_id": "key_b"}, ("cards:write", "contacts"))
REVEALING = Actor("api", {"key_id": "key_b"}, ("cards:write", "contacts", "cards:reveal"))
REVEAL_KEY = Idempotency("rev-1", "POST", "/reveal", b"{}", asked_by="key_a")


def by_key_a() -> Actor:
    return Actor("api", {"key_id": "key_a"}, ("cards:write", "contacts", "cards:reveal"))


def ask(
    house: House, actor: Actor, key: Idempotency, operation: Any = ISSUE, command: Any = None
) -> dict[str, Any]:
    own = command or Issue(amount=2500)
    answered = house.gateway.perform(house.account, actor, operation, own, key)
    return dict(answered.body)


def trail_of(house: House, card: str) -> list[tuple[str, str]]:
    rows = house.rows("audit", subject=card)
    return [(row["act"], row["origin"]["key_id"]) for row in rows]


def test_the_code_of_a_first_answer_is_shown_to_the_key_that_asked_alone(house: House) -> None:
    """T33: whoever knows a till's key and body gets its answer, and no code."""
    own = dataclasses.replace(KEY, asked_by="key_a")
    made = ask(house, by_key_a(), own)

    theirs = ask(house, LOOKING, THEIRS)

    assert made["code"]
    assert theirs == {**made, "code": None, "url": None}, "the card's page shows the code"
    assert ask(house, by_key_a(), own) == made, "its own key gets it as often as it asks"
    assert trail_of(house, made["id"]) == [("issue", "key_a")]


def test_a_key_that_may_reveal_sees_it_and_the_trail_says_so(house: House) -> None:
    made = ask(house, by_key_a(), dataclasses.replace(KEY, asked_by="key_a"))

    assert ask(house, REVEALING, THEIRS) == made
    assert trail_of(house, made["id"]) == [("issue", "key_a"), ("reveal", "key_b")]


def test_each_repetition_of_a_reveal_is_in_the_trail(house: House) -> None:
    """T33: whoever saw a code is known, also where the answer was kept."""
    card = house.issue()
    command = Reveal(card=card["id"], reason="lost")
    first = ask(house, by_key_a(), REVEAL_KEY, REVEAL, command)

    theirs = dataclasses.replace(REVEAL_KEY, asked_by="key_b")
    again = [
        ask(house, REVEALING, theirs, REVEAL, command),
        ask(house, by_key_a(), REVEAL_KEY, REVEAL, command),
    ]

    assert [one["code"] for one in (first, *again)] == [card["code"]] * 3
    assert trail_of(house, card["id"])[1:] == [("reveal", "key_a"), ("reveal", "key_b"), ("reveal", "key_a")]


@pytest.mark.parametrize("operation", ["load", "convert_points"])
def test_a_card_that_was_made_on_the_way_is_shown_alike(shop: House, operation: str) -> None:
    contact = do(shop, "add_points", points=9, contact={"email": "mia@example.com"})["contact_id"]
    fields = {"points": 5} if operation == "convert_points" else {}
    deed = operations()[operation]
    command = deed.command(contact_id=contact, amount=100, **fields)
    own = Idempotency("k", "POST", "/x", b"{}", asked_by="key_a")
    other = dataclasses.replace(own, asked_by="key_b")
    made = ask(shop, by_key_a(), own, deed, command)

    theirs = ask(shop, LOOKING, other, deed, command)

    assert made["code"] in repr(made)
    assert made["code"] not in repr(theirs)
    assert theirs["gift_card"]["id"] == made["gift_card"]["id"]
    assert ask(shop, REVEALING, other, deed, command) == made


def test_a_new_key_and_a_new_secret_are_shown_to_the_key_that_asked_alone(house: House) -> None:
    """T33: an Idempotency-Key is no way to somebody else's secrets."""
    gateway, account = house.gateway, house.account

    def made(key: Idempotency) -> list[dict[str, Any]]:
        keys = [dataclasses.replace(key, key=str(number)) for number in range(3)]
        directory = gateway.directory
        source = directory.create_source(account, slug="new", adapter="standard", key=keys[1])
        endpoint = gateway.create_endpoint(account, url="http://127.0.0.1:9009/hook", key=keys[2])
        return [
            dict(directory.make_key(account, name="x", key=keys[0]).body),
            *map(_body, (source, endpoint)),
        ]

    own, theirs = made(dataclasses.replace(KEY, asked_by="key_a")), made(THEIRS)

    shown_once = ("key", "secret", "secret")
    for first, again, name in zip(own, theirs, shown_once, strict=True):
        assert again == {**first, name: None}
        assert first[name]


def _body(answered: Answered) -> dict[str, Any]:
    return dict(answered.body)


def test_a_refusal_is_told_to_whoever_asks_again(shop: House) -> None:
    with pytest.raises(ValidationFailed) as first:
        issue(shop, dataclasses.replace(KEY, asked_by="key_a"), amount=-1)

    again = issue(shop, THEIRS, amount=-1)

    assert again.error is not None and again.error.detail == first.value.detail
