"""Card codes that come with an event: wrong ones are guesses of the source, whoever typed them in."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import Unavailable
from connector.flows.limits import Rate
from connector.store.writer import DatabaseFault
from tests.flows.making import ISSUE, a_house, a_recipe, an_order
from tests.kit.house import House
from tests.kit.pauses import Pauses

TYPED = "${{ event.order.id }}"
"""The code in these tests: what somebody typed into the field that a platform sends as the order."""

CHECK = a_recipe("check", do=(f"redeem_card: {{card: '{TYPED}', amount: 1.00 USD}}",))
OWN = a_recipe(
    "own",
    "booking.created",
    (ISSUE, "redeem_card: {card: '${{ previous.card.code }}', amount: 5.00 USD}"),
    given="booking: {id: b1}",
)
TEN = Rate(10, 60)
UNKNOWN = "There is no such card in this account."
SPENT = "Too many wrong card codes: 10 are the most; try again in 60 s. The card's id is taken."


@pytest.fixture
def checking(database_url: str, tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path, database_url, CHECK, OWN, failed_lookups=TEN) as house:
        yield house


def tell(house: House, code: str, **how: Any) -> str:
    """What the run of the first recipe came to for an event with this code: a reason, or an outcome."""
    answer = house.tell(**an_order(code), **how)
    assert answer.status == 200
    run = answer.body["runs"][0]
    return str(run.get("reason") or run["outcome"])


def guess(house: House, count: int) -> list[str]:
    return [tell(house, f"NOPE-{number}") for number in range(count)]


def test_the_eleventh_wrong_code_of_a_source_fails_its_run(checking: House) -> None:
    """T15, T17: a form that posts here is a door like any other."""
    card = checking.issue(2500)

    told = guess(checking, 30)

    assert told == [UNKNOWN] * 10 + [SPENT] * 20
    assert tell(checking, card["code"]) == SPENT
    assert {run["outcome"] for run in checking.rows("runs")} == {"failed"}
    assert checking.gateway.parts.guesses.failed == 10
    assert checking.balance(card["id"]) == 2500


def test_the_window_over_a_right_code_by_the_same_source_works_again(checking: House) -> None:
    card = checking.issue(2500)
    guess(checking, 11)
    checking.clock.forward(timedelta(seconds=59))
    assert tell(checking, card["code"]).startswith("Too many wrong card codes")

    checking.clock.forward(timedelta(seconds=1))

    assert tell(checking, card["code"]) == "done"
    assert checking.balance(card["id"]) == 2400


def test_ids_and_codes_that_the_run_made_are_no_guesses(checking: House) -> None:
    card = checking.issue(2500)
    guess(checking, 11)

    assert tell(checking, card["id"]) == "done"
    made = checking.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    assert [run["outcome"] for run in made.body["runs"]] == ["done"]


def test_right_codes_cost_nothing(checking: House) -> None:
    card = checking.issue(5000)

    assert [tell(checking, card["code"]) for _ in range(20)] == ["done"] * 20
    assert checking.gateway.parts.guesses.failed == 0


def test_another_source_that_told_no_wrong_code_goes_on(database_url: str, tmp_path: Path) -> None:
    """T22: a guesser closes the door that it came through."""
    with a_house(
        tmp_path, database_url, CHECK, failed_lookups=TEN, sources={"till": {"adapter": "standard"}}
    ) as house:
        card = house.issue(2500)
        guess(house, 11)

        assert tell(house, card["code"]) == SPENT
        assert tell(house, card["code"], source="till") == "done"


def test_recipes_that_look_up_the_same_code_are_one_guess(database_url: str, tmp_path: Path) -> None:
    again = CHECK.replace("recipe: check", "recipe: check-again")
    with a_house(tmp_path, database_url, CHECK, again, failed_lookups=TEN) as house:
        guess(house, 4)

        assert len(house.rows("runs", outcome="failed")) == 8
        assert house.gateway.parts.guesses.failed == 4


def test_one_delivery_gets_no_further_than_the_budget(database_url: str, tmp_path: Path) -> None:
    """T17: what is not committed yet counts all the same."""
    recipes = [
        CHECK.replace("recipe: check", f"recipe: check-{letter}").replace(TYPED, f"{letter}{TYPED}")
        for letter in "abcd"
    ]
    with a_house(tmp_path, database_url, *recipes, failed_lookups=Rate(2, 60)) as house:
        answer = house.tell(**an_order("NOPE"))

    reasons = [run["reason"] for run in answer.body["runs"]]
    assert reasons[:2] == [UNKNOWN] * 2
    assert all(reason.startswith("Too many wrong card codes: 2 are the most") for reason in reasons[2:])


def test_a_new_card_s_code_that_came_with_the_event_is_a_guess_where_it_is_taken(
    database_url: str, tmp_path: Path
) -> None:
    """T17: a form in which people choose their code would tell which codes there are."""
    give = a_recipe("give", do=(f"issue_card: {{amount: 5.00 USD, code: '{TYPED}'}}",))
    with a_house(tmp_path, database_url, give, failed_lookups=Rate(3, 60)) as house:
        taken = [house.issue(2500, code=f"SUMMER-GIFT-{number:04}")["code"] for number in range(5)]

        assert tell(house, "AUTUMN-GIFT-0001") == "done"
        told = [tell(house, code) for code in taken]
        assert told[:3] == ["Another card of this account has this code."] * 3
        assert all(reason.startswith("Too many wrong card codes: 3 are the most") for reason in told[3:])
        assert tell(house, "AUTUMN-GIFT-0002").startswith("Too many wrong card codes")
        assert house.gateway.parts.guesses.failed == 3
        kept = repr((house.rows("events"), house.rows("runs")))
        for code in (*taken[:3], "AUTUMN-GIFT-0001"):
            assert code not in kept, "an event keeps no code that a step used"

        house.clock.forward(timedelta(seconds=60))
        assert tell(house, "AUTUMN-GIFT-0002") == "done"


def test_a_code_that_stands_in_the_recipe_is_nobody_s_guess(database_url: str, tmp_path: Path) -> None:
    give = a_recipe("give", do=("issue_card: {amount: 5.00 USD, code: SUMMER-GIFT-0001}",))
    with a_house(tmp_path, database_url, give, CHECK, failed_lookups=Rate(1, 60)) as house:
        card = house.issue(2500)["code"]
        reasons = [
            [run.get("reason") for run in house.tell(**an_order(card), delivery=f"d-{number}").body["runs"]]
            for number in range(3)
        ]

        assert [sum(reason is None for reason in one) for one in reasons] == [2, 1, 1]
        assert house.gateway.parts.guesses.failed == 0


# Counted once, however often it ran


def fail() -> None:
    raise DatabaseFault("the disk is full")


@pytest.mark.parametrize("point", ["writer.before_commit", "redeem.card_read"])
def test_a_delivery_that_the_database_made_run_again_is_counted_once(
    database_url: str, tmp_path: Path, point: str
) -> None:
    pauses = Pauses()
    spend = a_recipe("spend", do=(ISSUE, "redeem_card: {card: '${{ previous.card.id }}', amount: 1.00 USD}"))
    with a_house(tmp_path, database_url, CHECK, spend, failed_lookups=TEN, pause=pauses) as house:

        def fail_once() -> None:
            if pauses.passed[point] == before + 1:
                fail()

        before = pauses.passed[point]
        pauses.at(point, fail_once)
        assert tell(house, "NOPE") == UNKNOWN
        pauses.nowhere()

        assert pauses.passed[point] >= before + 2, "it ran again"
        assert house.gateway.parts.guesses.failed == 1
        assert guess(house, 10) == [UNKNOWN] * 9 + [SPENT]


def test_a_delivery_that_took_too_long_counts_once_the_worker_has_run_it(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    slow = a_recipe("slow", do=(ISSUE, "redeem_card: {card: '${{ previous.card.id }}', amount: 1.00 USD}"))
    late = a_recipe("too-late")
    with a_house(tmp_path, database_url, CHECK, slow, late, failed_lookups=TEN, pause=pauses) as house:
        pauses.at("redeem.card_read", lambda: house.clock.forward(timedelta(seconds=2.5)))
        assert house.tell(**an_order("NOPE")).body["status"] == "accepted"
        assert house.gateway.parts.guesses.failed == 0

        assert house.gateway.run_backlog() == 1

        pauses.nowhere()
        assert house.gateway.parts.guesses.failed == 1
        assert guess(house, 10)[-2:] == [UNKNOWN, SPENT]


def test_what_was_undone_and_told_nobody_costs_nothing(database_url: str, tmp_path: Path) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, CHECK, failed_lookups=TEN, pause=pauses) as house:
        pauses.at("writer.before_commit", fail)
        for _ in range(5):
            with pytest.raises(Unavailable):
                house.tell(**an_order("NOPE"))
        pauses.nowhere()

        assert house.gateway.parts.guesses.failed == 0
        assert guess(house, 11) == [UNKNOWN] * 10 + [SPENT]


def test_a_duplicate_is_no_further_guess(checking: House) -> None:
    request = checking.told(**an_order("NOPE"))

    told = [checking.receive("standard", request).body["status"] for _ in range(12)]

    assert told == ["processed"] + ["duplicate"] * 11
    assert checking.gateway.parts.guesses.failed == 1
