"""An event takes a run back: what is unspent; once, about the same thing, in time."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.errors import BalanceChanged, NotReplayable, RunNotHeld
from connector.domain.inbound import Request
from connector.domain.jsontext import read_own
from connector.flows import recipe_files
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, an_order
from tests.kit.crowd import PATIENCE_S, Crowd, until
from tests.kit.databases import PostgresMaker
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.pauses import Gate, Pauses

DAY = timedelta(days=1)
THANKS = a_recipe("thanks").replace(
    "\ntests:", "\nundo: {on: order.refunded, same: event.order.id, within: 30 days}\ntests:", 1
)


def refund(
    house: House,
    order: str = "o-1",
    number: str = "r-1",
    source: str = "standard",
    **who: str,
) -> list[dict[str, object]]:
    told = house.tell(
        source,
        type="order.refunded",
        id=number,
        order_id=order,
        **(who or {"email": "mia@example.com"}),
        amount="80.00",
        currency="USD",
        occurred_at=house.clock.now().isoformat(),
    )
    return list(told.body["runs"])


def test_what_is_unspent_is_taken_back_once(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, THANKS) as house:
        [given] = house.tell(**an_order()).body["runs"]
        house.tell(**an_order("o-2", email="zoe@example.com"))
        mias = given["outputs"]["card"]["id"]
        house.redeem(mias, 900)

        [undone] = refund(house)
        again = refund(house, number="r-2")

        assert (undone["outcome"], undone["reason"]) == ("done", f"taken back: {given['id']}")
        assert again == []
        assert {card["id"]: card["balance"] for card in house.cards()}[mias] == 0
        assert sum(card["balance"] for card in house.cards()) == 2500
        [kept] = [row for row in house.rows("runs") if row["public_id"] == undone["id"]]
        assert kept["trace"][0]["took_back"] == {mias: "16.00 USD"}
        assert kept["trace"][0]["spent"] == {mias: "9.00 USD"}
        house.require_proof()


def test_another_order_or_one_too_late_takes_nothing_back(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, THANKS) as house:
        house.tell(**an_order())

        assert refund(house, order="o-9") == []
        house.clock.forward(31 * DAY)
        assert refund(house, number="r-2") == []

        assert [card["balance"] for card in house.cards()] == [2500]


def test_another_tool_or_person_with_the_same_number_takes_nothing_back(
    database_url: str, tmp_path: Path
) -> None:
    """Order 1 of one shop is not order 1 of another, and nobody takes back what somebody else got."""
    sources = {"second": {"adapter": "standard"}}
    with a_house(tmp_path, database_url, THANKS, sources=sources) as house:
        house.tell(**an_order())

        assert refund(house, source="second") == []
        assert refund(house, number="r-2", email="zoe@example.com") == []
        assert [card["balance"] for card in house.cards()] == [2500]

        [undone] = refund(house, number="r-3", contact_id="")
        assert undone["outcome"] == "done", "a refund that names nobody is its source's own"
        assert [card["balance"] for card in house.cards()] == [0]
        house.require_proof()


def test_a_refund_that_names_nobody_takes_nothing_from_one_of_several_people(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, THANKS) as house:
        house.tell(**an_order())
        house.tell(**an_order(email="zoe@example.com", id="second"))

        [run] = refund(house, contact_id="")

        assert (run["outcome"], "names nobody" in str(run["reason"])) == ("failed", True)
        assert [card["balance"] for card in house.cards()] == [2500, 2500]
        assert run["id"] in _told_failed(house)


def test_who_was_merged_meanwhile_is_the_same_person(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, THANKS) as house:
        house.tell(**an_order())
        house.tell(**an_order("o-2", email="zoe@example.com"))
        mia, zoe = (one["public_id"] for one in house.rows("contacts"))
        house.gateway.people.merge(house.account, BY_HAND, zoe, mia)

        [undone] = refund(house)

        assert undone["outcome"] == "done"
        assert sorted(card["balance"] for card in house.cards()) == [0, 2500]


AT_CALENDLY = "https://api.calendly.com/scheduled_events"
WINDOW = a_recipe("window", on="booking.created", given="booking: {id: b}").replace(
    "\ntests:", "\nundo: {on: booking.cancelled, same: event.booking.id, within: 60 days}\ntests:", 1
)


def at_calendly(house: House, name: str, booking: str, minute: int, before: str | None = None) -> Request:
    event = f"{AT_CALENDLY}/{booking}"
    told = {
        "uri": f"{event}/invitees/{booking}-i",
        "email": "mia@example.com",
        "old_invitee": None if before is None else f"{AT_CALENDLY}/{before}/invitees/{before}-i",
        "scheduled_event": {"uri": event},
    }
    body = {"event": name, "created_at": f"2026-11-20T10:{minute:02}:00Z", "payload": told}
    return house.signed("calendly", "booking.created", body=json.dumps(body).encode())


def at_calcom(house: House, name: str, booking: str, minute: int, before: str | None = None) -> Request:
    names = {"created": "BOOKING_CREATED", "canceled": "BOOKING_CANCELLED"}
    trigger = "BOOKING_RESCHEDULED" if before else names[name.partition(".")[2]]
    told = {"uid": booking, "rescheduleUid": before, "attendees": [{"email": "mia@example.com"}]}
    body = {"triggerEvent": trigger, "createdAt": f"2026-11-20T10:{minute:02}:00Z", "payload": told}
    return house.signed("calcom", "booking.created", body=json.dumps(body).encode())


@pytest.mark.parametrize(("source", "at"), [("calendly", at_calendly), ("calcom", at_calcom)])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 2, 0, 3), (1, 2, 3, 0)], ids=["told", "late", "last"])
def test_who_books_moves_and_cancels_keeps_nothing(
    sqlite_url: str, tmp_path: Path, source: str, at: Callable[..., Request], order: tuple[int, ...]
) -> None:
    """A moved booking has a new id there; it stands for the one that the card was given for."""
    with a_house(tmp_path, sqlite_url, WINDOW) as house:
        told = [
            at(house, "invitee.created", "b-1", 1),
            at(house, "invitee.created", "b-2", 2, before="b-1"),
            at(house, "invitee.created", "b-3", 3, before="b-2"),
            at(house, "invitee.canceled", "b-3", 4),
        ]
        for place in order:
            house.receive(source, told[place])

        assert sum(card["balance"] for card in house.cards()) == 0
        house.receive(source, at(house, "invitee.created", "b-4", 5))
        house.receive(source, at(house, "invitee.canceled", "b-5", 6))
        assert sum(card["balance"] for card in house.cards()) == 2500, "another booking is none of these"


def test_a_run_that_waits_ends_without_giving(database_url: str, tmp_path: Path) -> None:
    text = a_recipe("later", do=("wait: 2 hours", "issue_card: {amount: 25.00 USD}")).replace(
        "\ntests:", "\nundo: {on: order.refunded, same: event.order.id}\ntests:", 1
    )
    with a_house(tmp_path, database_url, text) as house:
        [waiting] = house.tell(**an_order()).body["runs"]

        refund(house)
        house.clock.forward(DAY)
        house.gateway.tick()

        assert house.cards() == []
        kept = house.gateway.runs.one(house.account, waiting["id"])
        assert (kept["outcome"], "taken back by evt_" in kept["reason"]) == ("skipped", True)


def test_a_cancellation_that_came_first_calls_off_what_it_is_about(database_url: str, tmp_path: Path) -> None:
    """Platforms keep no order: the order's own event comes after its refund, and gives nothing."""
    with a_house(tmp_path, database_url, THANKS) as house:
        assert refund(house) == []
        answer = house.tell(**an_order()).body
        [run] = answer["runs"]

        assert (run["outcome"], "came first" in run["reason"]) == ("skipped", True)
        [kept] = [row for row in house.rows("runs") if row["public_id"] == run["id"]]
        assert [line["verdict"] for line in kept["trace"]] == [True, False]
        assert kept["trace"][-1]["event"].startswith("evt_")
        [again] = house.gateway.events.replay(house.account, BY_HAND, answer["events"][0]["id"]).body["runs"]
        assert again["outcome"] == "already_done"
        assert house.cards() == []

        for other in ({"email": "zoe@example.com"}, {"order_id": "o-2"}):
            [run] = house.tell(**{**an_order(), **other}).body["runs"]
            assert run["outcome"] == "done"


@pytest.mark.parametrize(
    ("is_later", "outcome"),
    [({"occurred_at": "2026-11-20T15:30:00Z"}, "done"), ({"occurred_at": None}, "skipped")],
    ids=["anew", "at a time that nobody says"],
)
def test_what_happened_after_a_cancellation_is_something_new(
    is_later: dict[str, Any], outcome: str, sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, THANKS) as house:
        refund(house)
        house.clock.forward(DAY)

        fields = {name: value for name, value in an_order(**is_later).items() if value is not None}
        [run] = house.tell(**fields).body["runs"]

        assert run["outcome"] == outcome


def test_who_comes_again_without_a_time_is_called_off_only_while_news_may_be_late(
    sqlite_url: str, tmp_path: Path
) -> None:
    """A key that comes again, such as a person's: who left and joins again gets what is theirs."""
    text = THANKS.replace("same: event.order.id", "same: event.contact.email")
    with a_house(tmp_path, sqlite_url, text) as house:
        refund(house)
        for days, outcome in ((1, "skipped"), (3, "done")):
            house.clock.forward(days * DAY)
            untimed = {name: value for name, value in an_order(f"o-{days}").items() if name != "occurred_at"}
            [run] = house.tell(**untimed).body["runs"]
            assert run["outcome"] == outcome, days


def test_an_order_without_a_time_told_again_after_its_refund_pays_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, THANKS) as house:
        order = {name: value for name, value in an_order().items() if name != "occurred_at"}
        assert house.tell(**order, id="first").body["runs"][0]["outcome"] == "done"
        house.clock.forward(timedelta(hours=1))
        refund(house)
        house.clock.forward(10 * DAY)

        [run] = house.tell(**order, id="second").body["runs"]

        assert (run["outcome"], "came first" in run["reason"]) == ("skipped", True)
        assert [card["balance"] for card in house.cards()] == [0]


def test_a_run_is_taken_back_by_its_own_revision_s_clause(database_url: str, tmp_path: Path) -> None:
    """Its goal likewise, live and after a restart; the next run goes by what the file says then."""
    before = THANKS.replace("\nundo:", "\ngoal: {back: booking.completed}\nundo:")
    after = before.replace("order.refunded", "deal.won").replace("booking.completed", "form.submitted")
    with a_house(tmp_path, database_url, before) as house:
        house.tell(**an_order())
        (house.recipes / "thanks.yaml").write_text(after)
        watch = recipe_files.Watch(house.gateway.parts)
        assert [watch.look(), watch.look()] == [0, 1]
        house.tell(**an_order("o-2", email="zoe@example.com"))
        for email in ("mia@example.com", "zoe@example.com"):
            house.tell(type="booking.completed", booking_id=email, email=email)
        assert [row["name"] for row in house.rows("goal_hits")] == ["back"], "mia's, by her own revision"

        assert refund(house, "o-2", email="zoe@example.com") == []
        clock, recipes = house.clock, {"thanks": after}
    house = open_house(tmp_path, database_url, recipes=recipes, clock=clock)
    [undone] = refund(house, number="r-2")

    assert undone["outcome"] == "done"
    assert sorted(card["balance"] for card in house.cards()) == [0, 2500]
    house.gateway.close()


def test_what_was_called_off_is_forgotten_with_its_time_and_a_second_telling_calls_off_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, THANKS) as house:
        refund(house)
        house.clock.forward(31 * DAY)
        assert [run["outcome"] for run in house.tell(**an_order()).body["runs"]] == ["done"]

        assert refund(house, number="r-2")[0]["outcome"] == "done"
        assert refund(house, number="r-3") == []
        told_again = house.tell(**an_order(), id="told again").body["runs"]
        assert [run["outcome"] for run in told_again] == ["skipped"], "the refund was for that order"
        anew = an_order(occurred_at=(house.clock.now() + DAY).isoformat())
        assert [run["outcome"] for run in house.tell(**anew).body["runs"]] == ["done"]


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [(("wait: 2 hours", ISSUE), "waiting"), ((ISSUE,), "done")],
    ids=["before it gave anything", "after"],
)
def test_a_run_that_was_taken_back_is_not_replayed(
    steps: tuple[str, ...], outcome: str, sqlite_url: str, tmp_path: Path
) -> None:
    text = a_recipe("later", do=steps, once_per="event.order.id").replace(
        "\ntests:", "\nundo: {on: order.refunded, same: event.order.id}\ntests:", 1
    )
    with a_house(tmp_path, sqlite_url, text) as house:
        answer = house.tell(**an_order()).body
        [run] = answer["runs"]
        assert run["outcome"] == outcome
        refund(house)

        with pytest.raises(NotReplayable, match="taken back"):
            house.gateway.runs.replay(house.account, BY_HAND, run["id"], "same")
        [again] = house.gateway.events.replay(house.account, BY_HAND, answer["events"][0]["id"]).body["runs"]

        assert (again["outcome"], "taken back" in again["reason"]) == ("already_done", True)
        house.clock.forward(DAY)
        house.gateway.tick()
        assert sum(card["balance"] for card in house.cards()) == 0


def test_a_run_can_be_taken_back_as_long_as_it_stands_and_then_for_its_time(
    database_url: str, tmp_path: Path
) -> None:
    text = a_recipe("later", do=("wait: 60 days", ISSUE)).replace(
        "\ntests:", "\nundo: {on: order.refunded, same: event.order.id, within: 2 days}\ntests:", 1
    )
    with a_house(tmp_path, database_url, text) as house:
        for number in range(3):
            house.tell(**an_order(f"o-{number}"))
        house.clock.forward(59 * DAY)
        assert refund(house, "o-0")[0]["outcome"] == "done"
        house.clock.forward(DAY)
        house.gateway.tick()
        assert len(house.cards()) == 2

        house.clock.forward(DAY)
        assert refund(house, "o-1", number="r-2")[0]["outcome"] == "done"
        house.clock.forward(2 * DAY)
        assert refund(house, "o-2", number="r-3") == []

        assert sorted(card["balance"] for card in house.cards()) == [0, 2500]


@pytest.mark.parametrize("is_paused", [True, False], ids=["paused", "deleted"])
def test_what_a_recipe_gave_can_be_taken_back_though_it_acts_no_more(
    is_paused: bool, sqlite_url: str, tmp_path: Path
) -> None:
    """Also after a restart; a goal goes on too, and what waits stands still until the recipe acts again."""
    text = THANKS.replace("\nundo:", "\ngoal: {back: booking.completed}\nundo:")
    later = a_recipe("later", do=("wait: 1 days", ISSUE))
    with a_house(tmp_path, sqlite_url, text, later) as house:
        house.tell(**an_order())
        clock = house.clock
    for name, own in (("thanks", text), ("later", later)):
        file = tmp_path / "recipes" / f"{name}.yaml"
        file.write_text(own.replace("status: live", "status: paused"))
        if not is_paused:
            file.unlink()

    house = open_house(tmp_path, sqlite_url, recipes={}, clock=clock)
    assert {one["recipe"]: one["status"] for one in house.gateway.recipes()} == dict.fromkeys(
        ("later", "thanks"), "paused"
    )
    clock.forward(2 * DAY)
    house.gateway.tick()
    assert [card["balance"] for card in house.cards()] == [2500]
    house.tell(type="booking.completed", booking_id="b-1", email="mia@example.com")
    assert [row["name"] for row in house.rows("goal_hits")] == ["back"]
    assert refund(house)[0]["outcome"] == "done"
    assert [card["balance"] for card in house.cards()] == [0]
    assert house.tell(**an_order("o-2")).body["runs"] == []
    house.gateway.close()

    house = open_house(tmp_path, sqlite_url, recipes={"later": later}, clock=clock)
    house.gateway.tick()
    assert sorted(card["balance"] for card in house.cards()) == [0, 2500]
    house.gateway.close()


def test_an_event_that_does_not_say_what_it_is_about_is_a_failed_run(sqlite_url: str, tmp_path: Path) -> None:
    text = THANKS.replace("event.order.id", "event.data.ticket").replace(
        "event: {order: {id: o1}}", "event: {order: {id: o1}, data: {ticket: t}}"
    )
    with a_house(tmp_path, sqlite_url, text) as house:
        [run] = house.tell(**an_order()).body["runs"]
        assert run["outcome"] == "failed", "what could never be taken back is not given"
        assert house.cards() == []

        [run] = refund(house)

        assert (run["outcome"], "ticket" in str(run["reason"])) == ("failed", True)
        assert run["id"] in _told_failed(house)


def test_a_run_that_is_held_at_a_limit_is_taken_back_before_anybody_approves_it(
    database_url: str, tmp_path: Path
) -> None:
    text = THANKS.replace("\nundo:", "\nlimits: {budget: 10.00 USD per month}\nundo:", 1)
    with a_house(tmp_path, database_url, text) as house:
        [held] = house.tell(**an_order()).body["runs"]
        assert (held["outcome"], house.cards()) == ("held", [])

        [undone] = refund(house)

        assert (undone["outcome"], undone["reason"]) == ("done", f"taken back: {held['id']}")
        with pytest.raises(RunNotHeld):
            house.gateway.runs.approve(house.account, BY_HAND, held["id"])
        assert house.cards() == []


def test_a_run_at_a_limit_that_nobody_could_take_back_fails_alone(database_url: str, tmp_path: Path) -> None:
    """The delivery and its other recipes stand."""
    text = THANKS.replace("event.order.id", "event.data.ticket").replace(
        "\nundo:", "\nlimits: {budget: 10.00 USD per month}\nundo:", 1
    )
    text = text.replace("order: {id: o1}", "order: {id: o1}, data: {ticket: t1}")
    with a_house(tmp_path, database_url, text, a_recipe("other")) as house:
        told = house.tell(**an_order())

        runs = {run["recipe"]: run["outcome"] for run in told.body["runs"]}
        assert (told.status, runs) == (200, {"other": "done", "thanks": "failed"})
        assert len(house.cards()) == 1


@pytest.mark.parametrize(
    "clause", ["undo: {on: order.refunded, same: event.data.ticket}", "once_per: event.data.ticket"]
)
def test_what_is_too_long_for_a_name_fails_its_run_and_no_other(
    database_url: str, tmp_path: Path, clause: str
) -> None:
    """PostgreSQL has no index for it: whoever fills in such a field must not lose others their cards."""
    text = a_recipe("thanks", given="order: {id: o1}, data: {ticket: t1}").replace(
        "\ntests:", f"\n{clause}\ntests:", 1
    )
    with a_house(tmp_path, database_url, text, a_recipe("other")) as house:
        noise = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(1_000))  # does not compress
        runs = {run["recipe"]: run for run in house.tell(**an_order(ticket=noise)).body["runs"]}
        refund(house, ticket=noise)

        assert (runs["other"]["outcome"], runs["thanks"]["outcome"]) == ("done", "failed")
        assert "longer than 1000 bytes" in runs["thanks"]["reason"]
        short = house.tell(**an_order("o-2", ticket="t" * 1_000)).body["runs"]
        assert [run["outcome"] for run in short] == ["done", "done"]


def test_whoever_is_erased_and_comes_back_for_a_refund_keeps_no_card(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, THANKS) as house:
        [given] = house.tell(**an_order()).body["runs"]
        [contact] = house.rows("contacts")
        house.gateway.people.erase(house.account, BY_HAND, contact["public_id"])

        [undone] = refund(house)

        assert undone["reason"] == f"taken back: {given['id']}"
        assert [card["balance"] for card in house.cards()] == [0]


def test_what_was_called_off_is_not_given_by_a_replay_though_its_event_told_no_time(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, THANKS.replace("status: live", "status: shadow")) as house:
        refund(house)
        house.clock.forward(timedelta(minutes=5))
        untimed = {name: value for name, value in an_order().items() if name != "occurred_at"}
        told = house.tell(**untimed)
        event = told.body["events"][0]["id"]
        assert [run["outcome"] for run in told.body["runs"]] == ["skipped"]
        (tmp_path / "recipes" / "thanks.yaml").write_text(THANKS)
        parts = house.gateway.parts
        recipe_files.load(parts.library, parts.engines, parts.writer)

        house.gateway.events.replay(house.account, BY_HAND, event)

        assert house.cards() == []


TWICE = a_recipe(
    "later", do=(ISSUE, "wait: 2 hours", SPEND, "wait: 2 hours", "load_card: {amount: 1.00 USD}")
).replace("\ntests:", "\nundo: {on: order.refunded, same: event.order.id}\ntests:", 1)


@contextmanager
def stopped_at(maker: PostgresMaker, folder: Path, point: str) -> Iterator[tuple[House, str, Gate, Pauses]]:
    """A house on PostgreSQL with a run that has just waited; the first to come by `point` is held there."""
    pauses, gate = Pauses(), Gate()
    with maker.fresh(folder) as url, a_house(folder, url, TWICE, pause=pauses) as house:
        [run] = house.tell(**an_order()).body["runs"]
        house.clock.forward(timedelta(hours=2))
        pauses.at(point, gate)
        yield house, run["id"], gate, pauses


def is_waiting(house: House) -> bool:
    """Whether a transaction waits for another's row."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with house.gateway.parts.engines.reading() as connection:
        return bool(connection.execute(text(f"{waiting} AND datname = current_database()")).scalar_one())


def end_of(house: House, run: str) -> tuple[str, list[int]]:
    """What the run came to once all its waits were over, and the balances of the cards."""
    for _ in range(2):
        house.clock.forward(timedelta(hours=2))
        house.gateway.tick()
    house.require_proof()
    outcome = house.gateway.runs.one(house.account, run)["outcome"]
    return str(outcome), [card["balance"] for card in house.cards()]


def test_an_undo_and_a_run_that_goes_on_take_turns(postgres_maker: PostgresMaker, tmp_path: Path) -> None:
    """The undo has its contact when the run's moment comes: neither waits for what the other holds."""
    with stopped_at(postgres_maker, tmp_path, "undoing.found") as (house, run, gate, pauses):
        undoing = Crowd([partial(refund, house)])
        assert gate.reached.wait(PATIENCE_S)
        going_on = Crowd([house.gateway.tick])
        until(partial(is_waiting, house))
        gate.open()

        [[undone]] = [one.value for one in undoing.wait()]
        assert [one.error for one in going_on.wait()] == [None]

        assert (undone["outcome"], pauses.passed["undoing.found"]) == ("done", 1), "nothing was done twice"
        assert end_of(house, run) == ("skipped", [0])


def test_an_undo_ends_a_run_that_comes_to_its_next_wait_meanwhile(
    postgres_maker: PostgresMaker, tmp_path: Path
) -> None:
    """By a refund that names nobody, so that it has not waited for the contact already."""
    with stopped_at(postgres_maker, tmp_path, "redeem.card_read") as (house, run, gate, _):
        going_on = Crowd([house.gateway.tick])
        assert gate.reached.wait(PATIENCE_S)
        undoing = Crowd([partial(refund, house, contact_id="")])
        until(partial(is_waiting, house))
        gate.open()

        going_on.wait()
        [[undone]] = [one.value for one in undoing.wait()]

        assert undone["outcome"] == "done"
        assert end_of(house, run) == ("skipped", [0])


def test_a_second_worker_does_not_go_past_a_wait_that_the_first_came_to(
    postgres_maker: PostgresMaker, tmp_path: Path
) -> None:
    with stopped_at(postgres_maker, tmp_path, "redeem.card_read") as (house, run, gate, _):
        first = Crowd([house.gateway.tick])
        assert gate.reached.wait(PATIENCE_S)
        second = Crowd([house.gateway.tick])
        until(partial(is_waiting, house))
        gate.open()

        assert [one.error for one in (*first.wait(), *second.wait())] == [None, None]

        assert house.gateway.runs.one(house.account, run)["outcome"] == "waiting"
        assert [card["balance"] for card in house.cards()] == [2000]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (BalanceChanged("Card gc_1 was changed meanwhile."), "Card gc_1 was changed meanwhile."),
        (ZeroDivisionError(), "internal error: ZeroDivisionError"),
    ],
    ids=["refused", "a bug of ours"],
)
def test_an_undo_that_cannot_be_done_is_a_failed_run_and_takes_nothing(
    database_url: str, tmp_path: Path, fault: Exception, reason: str
) -> None:
    """Of two cards the first could be emptied: neither is, the event is kept, and a person is told."""
    twice = "issue_card: {amount: 10.00 USD}"
    text = a_recipe("pair", do=(ISSUE, twice)).replace(
        "\ntests:", "\nundo: {on: order.refunded, same: event.order.id}\ntests:", 1
    )
    pauses = Pauses()
    with a_house(tmp_path, database_url, text, pause=pauses) as house:
        house.tell(**an_order())
        before = pauses.passed["posting.before_move"]

        def fail_at_the_second() -> None:
            if pauses.passed["posting.before_move"] == before + 2:
                raise fault

        pauses.at("posting.before_move", fail_at_the_second)

        [run] = refund(house)

        assert (run["outcome"], run["reason"]) == ("failed", reason)
        assert sorted(card["balance"] for card in house.cards()) == [1000, 2500]
        assert run["id"] in _told_failed(house)
        pauses.nowhere()
        [mended] = refund(house, number="r-2")
        assert mended["outcome"] == "done"
        assert [card["balance"] for card in house.cards()] == [0, 0]
        house.require_proof()


def _told_failed(house: House) -> set[str]:
    """The runs that `recipe.failed` messages told of."""
    told = [read_own(row["body"].decode()) for row in house.rows("messages", type="recipe.failed")]
    return {message["data"]["run"]["id"] for message in told}
