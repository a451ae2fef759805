"""Runs that stand still go on: once, at their moment, by their own revision, after any restart."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from connector.domain.jsontext import read_own
from connector.flows.resuming import AT_ONCE, run_due
from connector.store import standing
from connector.store.standing import Standing
from connector.store.tables import revisions, standing_runs
from connector.store.writer import Writing
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, an_order
from tests.kit.clock import FixedClock
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House, open_house

HOUR = timedelta(hours=1)
WAITING = a_recipe("later", do=(ISSUE, "wait: 2 hours", SPEND))


def waits(house: House, number: str = "o-1", **how: Any) -> dict[str, Any]:
    answer = house.tell(**an_order(number, **how))
    [run] = answer.body["runs"]
    return dict(run)


def run_of(house: House, run: str) -> dict[str, Any]:
    return house.gateway.runs.one(house.account, run)


def test_a_run_goes_on_when_its_wait_is_over(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, WAITING) as house:
        run = waits(house)
        assert run["outcome"] == "waiting"
        [card] = house.cards()
        house.clock.forward(2 * HOUR - timedelta(seconds=1))
        house.gateway.tick()
        assert (house.balance(card["id"]), run_of(house, run["id"])["outcome"]) == (2500, "waiting")
        house.clock.forward(timedelta(seconds=1))

        house.gateway.tick()
        house.gateway.tick()

        assert (house.balance(card["id"]), run_of(house, run["id"])["outcome"]) == (2000, "done")
        kept = run_of(house, run["id"])
        assert [line.get("step") for line in kept["trace"] if "step" in line][-1] == "redeem_card"
        assert {*kept["outputs"]["steps"]} == {"issue_card", "redeem_card"}
        assert house.rows("standing_runs") == []
        house.require_proof()


def test_what_waits_survives_a_restart_and_goes_on_once(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, WAITING) as house:
        waits(house)
        (tmp_path / "second").mkdir()
        second = open_house(tmp_path / "second", database_url, clock=house.clock, recipes={})
        house.clock.forward(3 * HOUR)

        at_once([house.gateway.tick, second.gateway.tick] * 2)
        house.gateway.tick()

        assert [card["balance"] for card in house.cards()] == [2000]
        second.gateway.close()
        house.require_proof()


def test_a_run_goes_on_by_the_revision_that_it_began_with(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, WAITING) as house:
        run = waits(house)
        (house.recipes / "later.yaml").write_text(WAITING.replace("5.00", "9.00"))
        house.gateway.parts.library.reload()
        house.clock.forward(3 * HOUR)

        house.gateway.tick()

        assert [card["balance"] for card in house.cards()] == [2000]
        assert run_of(house, run["id"])["outcome"] == "done"


def test_the_conditions_of_a_wait_are_asked_again_after_it(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("later", on="booking.completed", do=("wait: 2 hours", ISSUE), given="booking: {id: b}")
    text = text.replace("- wait: 2 hours", "- {wait: 2 hours, if: contact.visits == 1}")
    text = text.replace("{email: mia@example.com}", "{email: mia@example.com, visits: 1}")
    with a_house(tmp_path, sqlite_url, text) as house:
        book = {"type": "booking.completed", "email": "mia@example.com"}
        first = house.tell(**book, booking_id="b-1").body["runs"][0]
        house.tell(type="booking.completed", email="zoe@example.com", booking_id="b-3")
        house.tell(**book, booking_id="b-2", occurred_at="2026-11-20T14:30:00Z")
        house.clock.forward(3 * HOUR)

        house.gateway.tick()

        kept = run_of(house, first["id"])
        assert (kept["outcome"], "does not hold" in kept["reason"]) == ("done", True)
        whose = [house.gateway.people.one(house.account, card["contact_id"]) for card in house.cards()]
        emails = sorted(one["email"] for one in whose)
        assert emails == ["mia@example.com", "zoe@example.com"], "the second visit did not wait"


def test_a_step_that_fails_after_a_wait_undoes_only_what_came_after_it(
    database_url: str, tmp_path: Path
) -> None:
    text = a_recipe("later", do=(ISSUE, "wait: 2 hours", SPEND.replace("5.00", "500.00")))
    with a_house(tmp_path, database_url, text) as house:
        run = waits(house)
        house.clock.forward(3 * HOUR)

        house.gateway.tick()

        assert (run_of(house, run["id"])["outcome"], house.cards()[0]["balance"]) == ("failed", 2500)
        assert house.rows("standing_runs") == []
        house.require_proof()


def test_a_step_may_ask_a_person(database_url: str, tmp_path: Path) -> None:
    text = a_recipe("asking", do=("hold: look at it first", ISSUE))
    with a_house(tmp_path, database_url, text) as house:
        run = waits(house)
        assert (run["outcome"], run["reason"]) == ("held", "look at it first")
        assert house.cards() == []
        assert run_of(house, run["id"])["lapses_at"] == "2026-12-04T15:00:00Z"

        told = house.gateway.runs.approve(house.account, BY_HAND, run["id"])

        assert (told["outcome"], [card["balance"] for card in house.cards()]) == ("done", [2500])
        house.require_proof()


def test_who_was_erased_meanwhile_gets_nothing(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("later", do=("wait: 2 hours", ISSUE))
    with a_house(tmp_path, sqlite_url, text) as house:
        run = waits(house)
        [contact] = house.rows("contacts")
        house.gateway.people.erase(house.account, BY_HAND, contact["public_id"])
        house.clock.forward(3 * HOUR)

        house.gateway.tick()

        assert house.cards() == []
        assert run_of(house, run["id"])["reason"] == "the person was erased"


def test_nothing_of_a_journal_can_be_read_in_the_database(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, WAITING) as house:
        told = house.tell(**an_order())
        [card] = house.cards()
        [code] = [run["outputs"]["card"]["code"] for run in told.body["runs"]]

        [row] = house.rows("standing_runs")
        assert card["id"] not in row["journal_sealed"]
        assert code not in house.everything()


@pytest.mark.parametrize("zone_change", ["2026-10-31T23:30:00Z", "2027-03-13T23:30:00Z"])
def test_a_day_is_a_day_of_the_account_also_when_the_clocks_change(
    zone_change: str, sqlite_url: str, tmp_path: Path
) -> None:
    """A wait of a day ends at the same hour of the next day, 25 or 23 hours later."""
    text = a_recipe("later", do=("wait: 1 days", ISSUE))
    clock = FixedClock(datetime.fromisoformat(zone_change))
    with a_house(tmp_path, sqlite_url, text, clock=clock) as house:
        waits(house, occurred_at=zone_change)
        hours = 25 if "10-31" in zone_change else 23
        clock.forward(hours * HOUR - timedelta(seconds=1))
        house.gateway.tick()
        assert house.cards() == []
        clock.forward(timedelta(seconds=1))
        house.gateway.tick()
        assert len(house.cards()) == 1


def test_what_cannot_go_on_holds_up_no_other_and_is_tried_again_later(
    sqlite_url: str, tmp_path: Path
) -> None:
    """As many as one turn takes, all stuck, each before the one that could go on."""
    with a_house(tmp_path, sqlite_url, WAITING) as house:
        run = waits(house)
        [row] = house.rows("standing_runs")
        early = house.clock.now() + HOUR
        stuck = [{**row, "run": f"run_{number}", "due_at": early} for number in range(AT_ONCE)]
        house.gateway.parts.writer.run(lambda tx: tx.execute(insert(standing_runs), stuck) and None)
        house.clock.forward(2 * HOUR)

        assert run_due(house.gateway.parts) == 0
        assert run_due(house.gateway.parts) == 1

        assert run_of(house, run["id"])["outcome"] == "done"
        few = delete(standing_runs).where(standing_runs.c.run != "run_1")
        house.gateway.parts.writer.run(lambda tx: tx.execute(few) and None)
        for tries in (2, 2, 3):
            house.clock.forward(timedelta(minutes=1))
            run_due(house.gateway.parts)
            assert [row["tries"] for row in house.rows("standing_runs")] == [tries]


def test_a_run_that_went_on_after_all_keeps_the_moment_of_its_next_wait(house: House) -> None:
    """Who did not learn that it had must not put it off: that would be weeks too early."""

    def stand(tx: Writing) -> tuple[int, datetime] | None:
        standing.add(tx, house.gateway.parts.ring, Standing("run_1", house.account.id, "wait", due_at, {}))
        return standing.postpone(tx, "run_1", lambda _: timedelta(minutes=1))

    due_at = house.clock.now() + timedelta(days=20)
    assert house.gateway.parts.writer.run(stand) is None
    assert [(row["due_at"], row["tries"]) for row in house.rows("standing_runs")] == [(due_at, 0)]


def test_a_run_whose_recipe_cannot_be_read_any_more_says_so(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, WAITING) as house:
        run = waits(house)
        (house.recipes / "later.yaml").write_text(WAITING.replace("5.00", "9.00"))
        house.gateway.parts.library.reload()
        unreadable = update(revisions).values(text="recipe: later")
        house.gateway.parts.writer.run(lambda tx: tx.execute(unreadable) and None)
        house.clock.forward(3 * HOUR)

        house.gateway.tick()

        kept = run_of(house, run["id"])
        assert (kept["outcome"], "cannot be read" in kept["reason"]) == ("failed", True)
        [message] = house.rows("messages", type="recipe.failed")
        told = read_own(message["body"].decode())["data"]["run"]
        assert (told["id"], told["event"]["type"]) == (run["id"], "order.paid")
        assert house.rows("standing_runs") == []


def test_a_run_goes_on_with_the_shared_names_that_it_began_with(sqlite_url: str, tmp_path: Path) -> None:
    own = WAITING.replace("amount: 5.00 USD", 'amount: "${{ vars.part }}"')
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "_vars.yaml").write_text("part: 7.00 USD\n")
    with a_house(tmp_path, sqlite_url, own) as house:
        run = waits(house)
        (house.recipes / "_vars.yaml").write_text("part: 9.00 USD\n")
        house.gateway.parts.library.reload()
        house.clock.forward(3 * HOUR)

        house.gateway.tick()

        assert run_of(house, run["id"])["outcome"] == "done"
        assert [card["balance"] for card in house.cards()] == [1800]
