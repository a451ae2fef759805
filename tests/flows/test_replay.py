"""A run or an event again: what went wrong is made good, and nothing is given twice for one event."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import NotFound, NotReplayable
from connector.store import revisions
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, a_schedule, an_order, people
from tests.flows.test_backtest import with_line
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House

TOO_MUCH = SPEND.replace("5.00", "500.00")
BROKEN = a_recipe("thanks", do=(ISSUE, TOO_MUCH))
MENDED = a_recipe("thanks")


def order(house: House, number: str = "o-1", **how: Any) -> dict[str, Any]:
    [run] = house.tell(**an_order(number, **how)).body["runs"]
    return dict(run)


def change(house: House, text: str) -> None:
    """The operator edits the recipe, and it is loaded."""
    (house.recipes / "thanks.yaml").write_text(text)
    snapshot = house.gateway.parts.library.reload()
    assert snapshot.faults == (), snapshot.faults

    def keep(tx: Any) -> None:
        for recipe in snapshot.recipes:
            revisions.keep(tx, recipe=recipe.name, sha256=recipe.revision, text=recipe.text)

    house.gateway.parts.writer.run(keep)


def replay(house: House, run: str, which: str = "same") -> dict[str, Any]:
    return dict(house.gateway.runs.replay(house.account, BY_HAND, run, which).body)


def balances(house: House) -> list[int]:
    return [card["balance"] for card in house.cards()]


def test_a_failed_run_goes_again_with_the_recipe_that_was_mended(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, BROKEN) as house:
        failed = order(house)
        assert (failed["outcome"], balances(house)) == ("failed", [])
        change(house, MENDED)

        new = replay(house, failed["id"], "today")

        assert (new["outcome"], new["replays"], balances(house)) == ("done", failed["id"], [2500])
        assert new["event_id"] == house.gateway.runs.one(house.account, failed["id"])["event_id"]
        assert new["revision"] != house.gateway.runs.one(house.account, failed["id"])["revision"]
        [row] = house.rows("audit", subject=failed["id"])
        assert (row["act"], row["details"]) == ("replay_run", {"with": "today", "run": new["id"]})
        [card] = house.cards()
        assert card["origin"]["run_id"] == new["id"]
        house.require_proof()


def test_as_it_was_means_its_own_revision(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, BROKEN) as house:
        failed = order(house)
        change(house, MENDED)

        new = replay(house, failed["id"], "same")

        assert (new["outcome"], balances(house)) == ("failed", [])
        assert new["revision"] == house.gateway.runs.one(house.account, failed["id"])["revision"]


CLAUSES = {
    "undo": (
        "undo: {on: order.refunded, same: event.order.id}",
        "undo: {on: order.refunded, same: event.order.id, within: 2 days}",
    ),
    "undo by a constant": (
        "vars: {gap: 1 day}\nundo: {on: order.refunded, same: event.occurred_at + vars.gap}",
        "vars: {gap: 2 days}\nundo: {on: order.refunded, same: event.occurred_at + vars.gap}",
    ),
    "goal": ("goal: {back: booking.completed}", "goal: {back: booking.created}"),
}


@pytest.mark.parametrize("is_changed", [True, False], ids=["changed", "kept"])
@pytest.mark.parametrize("what", sorted(CLAUSES))
def test_what_nobody_could_take_back_any_more_is_not_given_as_it_was(
    what: str, is_changed: bool, sqlite_url: str, tmp_path: Path
) -> None:
    """Nobody looks for `undo` and `goal` of a revision that is long gone, unless today's are the same."""

    then, now = CLAUSES[what]
    with a_house(tmp_path, sqlite_url, with_line(BROKEN, then)) as house:
        failed = order(house)
        change(house, with_line(MENDED, now if is_changed else then))
        library = house.gateway.parts.library
        library.forget({one.revision for one in library.current.former})  # as after a restart

        if is_changed or "constant" in what:
            with pytest.raises(NotReplayable, match=f"nothing looks for its `{what[:4]}` any more"):
                replay(house, failed["id"], "same")
            assert [row["replays"] for row in house.rows("runs")] == [None]
        else:
            assert replay(house, failed["id"], "same")["outcome"] == failed["outcome"]
        assert replay(house, failed["id"], "today")["outcome"] == "done"


def test_conditions_are_asked_of_the_contact_as_it_is_now(sqlite_url: str, tmp_path: Path) -> None:
    text = MENDED.replace('event.source != "nowhere"', 'contact.tags has "VIP"')
    text = text.replace("email: mia@example.com}", "email: mia@example.com, tags: [VIP]}")
    text = text.replace("given: {event: {source: nowhere}}", "given: {contact: {tags: []}}")
    with a_house(tmp_path, sqlite_url, text) as house:
        run = order(house)
        assert run["outcome"] == "not_matched"
        house.tell(type="contact.tag_added", email="mia@example.com", tag="VIP", id="t-1")

        assert (replay(house, run["id"])["outcome"], balances(house)) == ("done", [2500])


def test_what_is_done_is_not_done_again(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, MENDED) as house:
        done = order(house)
        for which in ("same", "today"):
            with pytest.raises(NotReplayable, match="has done it for this event"):
                replay(house, done["id"], which)
        assert (balances(house), len(house.rows("runs"))) == ([2500], 1)
        assert house.rows("audit", act="replay_run") == []


def test_a_failed_run_that_was_made_good_is_not_made_good_twice(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, BROKEN) as house:
        failed = order(house)
        change(house, MENDED)

        ended = at_once([lambda: replay(house, failed["id"], "today")] * 4)

        assert sorted(type(one.error).__name__ for one in ended) == ["NoneType"] + ["NotReplayable"] * 3
        assert balances(house) == [2500]
        house.require_proof()


def test_its_own_once_per_may_let_a_done_run_go_again_and_else_does_not(
    sqlite_url: str, tmp_path: Path
) -> None:
    text = a_recipe("thanks", once_per="contact.visits")
    with a_house(tmp_path, sqlite_url, text) as house:
        done = order(house)
        with pytest.raises(NotReplayable, match="done before for this value"):
            replay(house, done["id"])
        assert len(house.rows("runs")) == 1, "what was refused leaves no run"
        house.tell(type="booking.completed", email="mia@example.com", booking_id="b-1")

        assert (replay(house, done["id"])["outcome"], balances(house)) == ("done", [2500, 2500])


def test_a_done_run_is_not_done_again_under_another_once_per(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thanks", once_per="contact")) as house:
        done = order(house)
        change(house, a_recipe("thanks", once_per="event.order.id"))

        with pytest.raises(NotReplayable, match="another once_per"):
            replay(house, done["id"], "today")
        assert balances(house) == [2500]


def test_what_gave_before_it_failed_is_not_begun_again(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thanks", do=(ISSUE, "wait: 1 hours", TOO_MUCH))) as house:
        run = order(house)
        with pytest.raises(NotReplayable, match="is waiting"):
            replay(house, run["id"])
        house.clock.forward(timedelta(hours=2))
        house.gateway.tick()
        assert house.gateway.runs.one(house.account, run["id"])["outcome"] == "failed"

        with pytest.raises(NotReplayable, match="has done it"):
            replay(house, run["id"])
        assert balances(house) == [2500]


def test_what_a_person_refused_is_asked_again(sqlite_url: str, tmp_path: Path) -> None:
    """No way round the second person: a replay comes to the same hold."""
    with a_house(tmp_path, sqlite_url, a_recipe("thanks", do=("hold: look", ISSUE))) as house:
        run = order(house)
        with pytest.raises(NotReplayable, match="is held"):
            replay(house, run["id"])
        house.gateway.runs.refuse(house.account, BY_HAND, run["id"])

        new = replay(house, run["id"])

        assert (new["outcome"], balances(house)) == ("held", [])
        assert house.gateway.runs.approve(house.account, BY_HAND, new["id"])["outcome"] == "done"
        assert balances(house) == [2500]


def test_a_limit_holds_for_what_goes_again(sqlite_url: str, tmp_path: Path) -> None:
    limit = "\nlimits: {per_contact: 1 per 60 days, when_reached: skip}\ntests:"
    with a_house(tmp_path, sqlite_url, MENDED.replace("\ntests:", limit, 1)) as house:
        order(house, "o-1")
        skipped = order(house, "o-2")

        assert replay(house, skipped["id"])["outcome"] == "skipped"
        assert balances(house) == [2500]


def test_a_shadow_run_stays_one(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thanks", status="shadow")) as house:
        run = order(house)

        assert [replay(house, run["id"], which)["outcome"] for which in ("same", "today")] == ["shadow"] * 2
        assert balances(house) == []


def test_today_s_recipe_must_act_and_want_the_event(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, BROKEN) as house:
        failed = order(house)
        for text in (
            MENDED.replace("status: live", "status: paused"),
            a_recipe("thanks", on="order.refunded", given="order: {id: o}"),
        ):
            change(house, text)
            with pytest.raises(NotReplayable, match="Today no live or shadow recipe"):
                replay(house, failed["id"], "today")


def test_who_was_erased_gets_nothing_more(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, BROKEN) as house:
        failed = order(house)
        event = house.rows("events")[0]["public_id"]
        house.gateway.people.erase(house.account, BY_HAND, house.rows("contacts")[0]["public_id"])
        change(house, MENDED)

        with pytest.raises(NotReplayable, match="erased"):
            replay(house, failed["id"], "today")
        with pytest.raises(NotReplayable, match="erased"):
            house.gateway.events.replay(house.account, BY_HAND, event)
        assert balances(house) == []


def test_nobody_replays_what_is_another_s(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, BROKEN) as house:
        failed = order(house)
        event = house.rows("events")[0]["public_id"]
        for name in (failed["id"], "run_", "", "\x00", "run_" + "0" * 26):
            with pytest.raises(NotFound):
                house.gateway.runs.replay(house.other, BY_HAND, name, "same")
        with pytest.raises(NotFound):
            house.gateway.events.replay(house.other, BY_HAND, event)


def test_an_event_goes_again_for_every_recipe_that_wants_it_today(database_url: str, tmp_path: Path) -> None:
    texts = (
        a_recipe("a-once", once_per="event.order.id"),
        a_recipe("b-plain"),
        BROKEN,
        a_recipe("z-other", on="order.refunded"),
    )
    with a_house(tmp_path, database_url, *texts) as house:
        first = {run["recipe"]: run["id"] for run in house.tell(**an_order()).body["runs"]}
        [event] = house.rows("events")
        (house.recipes / "new.yaml").write_text(a_recipe("new"))
        change(house, MENDED)

        told = house.gateway.events.replay(house.account, BY_HAND, event["public_id"]).body

        assert told["event_id"] == event["public_id"]
        assert {run["recipe"]: run["outcome"] for run in told["runs"]} == {
            "a-once": "already_done",
            "b-plain": "already_done",
            "new": "done",
            "thanks": "done",
        }
        assert {run["recipe"]: run["replays"] for run in told["runs"]} == {**first, "new": None}
        assert first["b-plain"] in next(run["reason"] for run in told["runs"] if run["recipe"] == "b-plain")
        assert balances(house) == [2500] * 4
        again = house.gateway.events.replay(house.account, BY_HAND, event["public_id"]).body
        assert {run["outcome"] for run in again["runs"]} == {"already_done"}
        assert balances(house) == [2500] * 4
        house.require_proof()


def test_no_circle_is_gone_on_with_by_hand(sqlite_url: str, tmp_path: Path) -> None:
    """Neither the run that was stopped, nor its event, nor a recipe of that circle by its other name."""
    bonus = a_recipe("bonus", on="gift_card.issued", given="data: {}")
    with a_house(tmp_path, sqlite_url, bonus) as house:
        house.issue(1000, contact={"email": "mia@example.com"})
        for _ in range(3):
            house.gateway.tick()
        stopped = house.rows("runs", outcome="skipped")[0]["public_id"]
        assert balances(house) == [2500, 1000]
        circle = house.rows("events")[-1]["public_id"]

        for which in ("same", "today"):
            with pytest.raises(NotReplayable, match="came about by bonus: no circle"):
                replay(house, stopped, which)
        [again] = house.gateway.events.replay(house.account, BY_HAND, circle).body["runs"]

        assert again["outcome"] == "already_done"
        assert "no circle is gone on with" in again["reason"]
        assert balances(house) == [2500, 1000]


def test_what_took_a_run_back_is_no_run_that_could_go_again(sqlite_url: str, tmp_path: Path) -> None:
    """Nor does the run that was taken back, though nothing of what it gave is left."""
    undo = "\nundo: {on: order.refunded, same: event.order.id}\ntests:"
    with a_house(tmp_path, sqlite_url, MENDED.replace("\ntests:", undo, 1)) as house:
        given = order(house)
        refund = {"type": "order.refunded", "id": "r-1", "order_id": "o-1", "email": "mia@example.com"}
        [undone] = house.tell(**refund, amount="80.00", currency="USD").body["runs"]
        assert (undone["outcome"], balances(house)) == ("done", [0])

        for which in ("same", "today"):
            with pytest.raises(NotReplayable):
                replay(house, undone["id"], which)
            with pytest.raises(NotReplayable, match="has done it for this event"):
                replay(house, given["id"], which)
        refunded = house.rows("events")[-1]["public_id"]
        assert house.gateway.events.replay(house.account, BY_HAND, refunded).body["runs"] == []
        assert balances(house) == [0]
        house.require_proof()


def test_an_undoing_that_failed_is_not_begun_as_the_recipe_itself(sqlite_url: str, tmp_path: Path) -> None:
    """The refund does not say of what: nobody is paid for it by a replay."""
    undo = "\nundo: {on: order.refunded, same: event.order.id}\ntests:"
    with a_house(tmp_path, sqlite_url, MENDED.replace("\ntests:", undo, 1)) as house:
        refund = {"type": "order.refunded", "id": "r-1", "email": "mia@example.com", "amount": "80.00"}
        [failed] = house.tell(**refund).body["runs"]
        assert failed["outcome"] == "failed"

        with pytest.raises(NotReplayable, match=r"thanks does not begin on order\.refunded"):
            replay(house, failed["id"], "same")
        assert balances(house) == []


NIGHTLY = a_schedule(
    "thanks",
    do=(ISSUE, TOO_MUCH),
    condition="contact.email is not missing",
    holds="contact: {email: mia@example.com}, steps: {issue_card: {card: {id: gc_1}}}",
    fails="contact: {}",
)


def nightly(house: House) -> str:
    """The id of the one run of a schedule's first tick."""
    people(house, 1)
    house.gateway.tick()
    house.clock.forward(timedelta(days=1))
    house.gateway.tick()
    [run] = house.rows("runs")
    return str(run["public_id"])


def test_a_schedule_s_run_goes_again_once_it_is_mended_and_only_as_a_schedule_s(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, NIGHTLY) as house:
        failed = nightly(house)
        assert balances(house) == []
        change(house, MENDED)
        with pytest.raises(NotReplayable, match=r"Today no live or shadow recipe thanks wants schedule\.due"):
            replay(house, failed, "today")
        change(house, NIGHTLY.replace("status: live", "account: other-shop\nstatus: live"))
        with pytest.raises(NotReplayable, match="Today no live or shadow recipe"):
            replay(house, failed, "today")
        change(house, NIGHTLY.replace(f"  - {TOO_MUCH}\n", "").replace("      - redeem_card: {}\n", ""))

        assert replay(house, failed, "today")["outcome"] == "done"

        assert balances(house) == [2500]
        with pytest.raises(NotReplayable, match="has done it for this event"):
            replay(house, failed, "today")
        assert replay_of_the_event(house) == [], "no recipe begins on a schedule's event by itself"


def replay_of_the_event(house: House) -> list[Any]:
    [event] = house.rows("events")
    return list(house.gateway.events.replay(house.account, BY_HAND, event["public_id"]).body["runs"])
