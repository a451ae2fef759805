"""Whom a tick goes over, and what is kept of it: runs that acted or failed, and numbers for the rest."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.jsontext import load_object
from connector.flows.schedule_runs import ALIKE, BATCH
from tests.flows.making import ISSUE, a_house, a_schedule, people
from tests.kit.deeds import do, put
from tests.kit.house import BY_HAND, House

DAY = timedelta(days=1)
CARDS = "{schedule: every day at 10:00, for_each: card}"
RICH = a_schedule(
    "rich",
    CARDS,
    ("load_card: {card: '${{ card.id }}', amount: 1.00 USD}",),
    condition="card.balance > 20.00 USD",
    holds="card: {balance: 25.00 USD}",
    fails="card: {balance: 20.00 USD}",
)


def a_day_later(house: House) -> None:
    house.gateway.tick()
    house.clock.forward(DAY)
    while house.gateway.tick():
        pass


def counts(house: House) -> dict[str, Any]:
    [found] = [one for one in house.rows("schedule_ticks") if one["account_id"] == house.account.id]
    return dict(found["counts"])


def test_every_card_has_its_turn_with_its_own_sums(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, RICH) as house:
        rich = house.issue(2500, contact_id=None)["id"]
        poor, removed = house.issue(2000)["id"], house.issue(9000)["id"]
        do(house, "remove", card=removed)

        a_day_later(house)

        assert [house.balance(card) for card in (rich, poor, removed)] == [2600, 2000, 9000]
        assert counts(house)["outcomes"] == {"done": 1, "not_matched": 1}
        [event] = house.rows("events")
        assert f'"id":"{rich}"' in event["envelope"]
        house.require_proof()


def test_more_cards_than_a_batch_are_gone_over_each_once(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, RICH) as house:
        for number in range(BATCH + 5):
            house.issue(100 + number)
            if number % 40 == 0:
                house.clock.forward(timedelta(seconds=1))

        a_day_later(house)

        assert (counts(house)["seen"], house.rows("events")) == (BATCH + 5, [])


def test_a_tick_ends_whatever_it_makes_itself(sqlite_url: str, tmp_path: Path) -> None:
    made = a_schedule(
        "bonus",
        CARDS,
        (ISSUE,),
        condition="card.balance > 20.00 USD",
        holds="card: {balance: 25.00 USD}",
        fails="card: {balance: 20.00 USD}",
    )
    with a_house(tmp_path, sqlite_url, made) as house:
        for _ in range(BATCH):
            house.issue(2500)
        house.gateway.tick()
        house.clock.forward(DAY)

        assert house.gateway.tick() >= BATCH
        assert house.gateway.tick() == 0

        assert (counts(house)["seen"], len(house.rows("cards"))) == (BATCH, 2 * BATCH)


def test_a_card_run_that_waited_goes_on_with_the_card_as_it_is_then(sqlite_url: str, tmp_path: Path) -> None:
    double = "load_card: {card: '${{ card.id }}', amount: '${{ card.balance }}'}"
    text = a_schedule(
        "doubled",
        CARDS,
        ("wait: 2 hours", double),
        condition="card.balance > 20.00 USD",
        holds="card: {balance: 25.00 USD}",
        fails="card: {balance: 20.00 USD}",
    )
    with a_house(tmp_path, sqlite_url, text) as house:
        card = house.issue(2500)["id"]
        a_day_later(house)
        house.redeem(card, 500)
        house.clock.forward(timedelta(hours=2))

        house.gateway.tick()

        assert [(run["outcome"], run["reason"]) for run in house.rows("runs")] == [("done", None)]
        assert house.balance(card) == 4000


def test_who_was_erased_or_merged_has_no_turn(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_schedule("daily")) as house:
        people(house, 3)
        first, second, third = (one["public_id"] for one in house.rows("contacts"))
        house.gateway.people.erase(house.account, BY_HAND, first)
        house.gateway.people.merge(house.account, BY_HAND, third, second)

        a_day_later(house)

        assert counts(house)["seen"] == 1
        assert len(house.rows("runs")) == 1


def test_a_run_that_fails_is_kept_and_spoils_no_other(database_url: str, tmp_path: Path) -> None:
    text = a_schedule("daily", condition='contact.attributes.level == "gold"')
    text = text.replace("{tags: [VIP], email: mia@example.com}", "{attributes: {level: gold}}")
    text = text.replace("{tags: []}", "{attributes: {level: tin}}")
    with a_house(tmp_path, database_url, text) as house:
        people(house, 3)
        for one, level in zip(house.rows("contacts"), ("gold", "tin"), strict=False):
            house.gateway.people.update(
                house.account, BY_HAND, one["public_id"], {"attributes": {"level": level}}
            )

        a_day_later(house)

        assert counts(house)["outcomes"] == {"done": 1, "not_matched": 1, "failed": 1}
        assert sorted(run["outcome"] for run in house.rows("runs")) == ["done", "failed"]
        assert len(house.rows("events")) == 2
        assert [one["type"] for one in house.rows("messages")].count("recipe.failed") == 1


def test_who_had_it_before_is_counted_and_no_more(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_schedule("daily", once_per="contact")) as house:
        people(house, 2)
        a_day_later(house)
        a_day_later(house)

        assert counts(house)["outcomes"] == {"already_done": 2}
        assert (len(house.rows("runs")), len(house.cards())) == (2, 2)


def test_the_event_has_the_envelope_of_any_other(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_schedule("daily")) as house:
        people(house, 1)
        a_day_later(house)

        [told] = house.gateway.runs.page(house.account, {}).data
        [event] = house.rows("events")
        assert told["event_id"] == event["public_id"]
        assert told["contact_id"] == house.rows("contacts")[0]["public_id"]
        for part in ('"source":"schedule"', '"adapter":"schedule"', '"email":"p0@example.com"'):
            assert part in event["envelope"]
        assert '"occurred_at":"2026-11-21T15:00:00Z"' in event["envelope"]


def test_a_shadow_tells_whom_it_would_have_given_to(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_schedule("daily", status="shadow")) as house:
        people(house, 2)
        a_day_later(house)

        assert [run["outcome"] for run in house.rows("runs")] == ["shadow"] * 2
        assert house.cards() == []


def test_a_card_of_an_erased_person_has_nobody(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, RICH) as house:
        people(house, 1)
        [person] = house.rows("contacts")
        card = house.issue(2500, contact_id=person["public_id"])["id"]
        house.gateway.people.erase(house.account, BY_HAND, person["public_id"])
        put(house, card, balance=2500)

        a_day_later(house)

        assert [run["contact_id"] for run in house.rows("runs")] == [None]


def test_no_card_code_stands_in_what_is_kept(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_schedule("daily", do=(ISSUE,))) as house:
        people(house, 1)
        made = house.issue(2500)
        a_day_later(house)

        assert made["code"] not in house.everything()


MISTAKEN = (
    a_schedule("daily", condition='contact.attributes.levle == "gold"')
    .replace("{tags: [VIP], email: mia@example.com}", "{attributes: {levle: gold}}")
    .replace("{tags: []}", "{attributes: {levle: tin}}")
)


def level_of(house: House, which: int, **attributes: str) -> None:
    contact = house.rows("contacts")[which]["public_id"]
    house.gateway.people.update(house.account, BY_HAND, contact, {"attributes": attributes})


def failures(house: House) -> list[dict[str, Any]]:
    sent = house.rows("messages")
    return [load_object(one["body"])["data"]["run"] for one in sent if one["type"] == "recipe.failed"]


def test_a_recipe_that_errs_at_everybody_is_kept_and_told_once(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, MISTAKEN) as house:
        people(house, ALIKE + 150)

        a_day_later(house)

        [run] = house.rows("runs")
        assert (run["outcome"], run["event_id"], run["contact_id"]) == ("failed", None, None)
        assert f"{ALIKE} failed here and nobody came further" in run["reason"]
        assert "contact.attributes.levle" in run["reason"]
        assert run["place"] == "recipes/daily.yaml:6:5"
        [told] = failures(house)
        assert (told["id"], told["count"], told["event"]) == (run["public_id"], ALIKE, None)
        assert house.rows("events") == []
        assert counts(house)["outcomes"] == {"failed": ALIKE + 150}
        assert list(counts(house)["alike"].values()) == [run["public_id"]]
        [shown] = house.gateway.runs.page(house.account, {"outcome": "failed"}).data
        assert shown["id"] == run["public_id"] and shown["trace"][0]["verdict"] == "error"


@pytest.mark.parametrize("bad", [ALIKE, ALIKE + 110])
def test_a_bad_group_in_front_starves_nobody_behind_it(bad: int, database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, MISTAKEN) as house:
        people(house, bad + 3)
        for number, level in enumerate(("tin", "gold")):
            level_of(house, bad + number, levle=level)

        a_day_later(house)

        assert counts(house)["outcomes"] == {"failed": bad + 1, "not_matched": 1, "done": 1}
        assert sorted(run["outcome"] for run in house.rows("runs")) == ["done", "failed", "failed"]
        assert [told.get("count") for told in failures(house)] == [ALIKE, None]
        house.require_proof()


def test_who_fails_at_another_place_meanwhile_has_a_run_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    text = MISTAKEN.replace(
        "  - contact.attributes.levle", "  - contact.attributes.kind\n  - contact.attributes.levle", 1
    )
    text = text.replace("{levle:", "{kind: true, levle:")
    with a_house(tmp_path, sqlite_url, text) as house:
        people(house, ALIKE + 8)
        for number in range(ALIKE + 8):
            if number not in (3, 12):
                house.gateway.people.update(
                    house.account,
                    BY_HAND,
                    house.rows("contacts")[number]["public_id"],
                    {"attributes": {"kind": True}},
                )

        a_day_later(house)

        assert counts(house)["outcomes"] == {"failed": ALIKE + 8}
        whose = [run["contact_id"] for run in house.rows("runs")]
        people_of = [house.rows("contacts")[number]["id"] for number in (3, 12)]
        assert sorted(whose, key=lambda one: one or 0) == [None, *people_of]


def test_the_next_tick_tells_anew_and_a_mended_recipe_keeps_each(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, MISTAKEN) as house:
        people(house, ALIKE + 1)
        a_day_later(house)
        a_day_later(house)
        assert len(failures(house)) == 2

        mended = a_schedule("daily")
        (tmp_path / "recipes" / "daily.yaml").write_text(mended)
        house.gateway.parts.library.reload()
        a_day_later(house)

        assert counts(house)["outcomes"] == {"done": ALIKE + 1}
        assert "alike" not in counts(house)


def test_fewer_failures_than_that_are_kept_each(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, MISTAKEN) as house:
        people(house, ALIKE - 1)

        a_day_later(house)

        assert [run["outcome"] for run in house.rows("runs")] == ["failed"] * (ALIKE - 1)
        assert len(failures(house)) == ALIKE - 1


@pytest.mark.parametrize("level", ["gold", "tin"])
def test_where_the_condition_answers_for_one_the_others_failures_are_their_own(
    level: str, sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, MISTAKEN) as house:
        people(house, ALIKE + 10)
        level_of(house, 0, levle=level)

        a_day_later(house)

        assert counts(house)["outcomes"]["failed"] == ALIKE + 9
        assert "alike" not in counts(house)


def test_those_whom_another_condition_stops_hide_no_mistake(sqlite_url: str, tmp_path: Path) -> None:
    """Nine of ten have no email; the next line errs at each of the rest, and they are batches apart."""
    text = MISTAKEN.replace("if:\n", "if:\n  - contact.tags has 'VIP'\n", 1)
    text = text.replace("{attributes: {", "{tags: [VIP], attributes: {")
    with a_house(tmp_path, sqlite_url, text) as house:
        for block in range(ALIKE + 5):
            people(house, 9, tags=(), first=block * 10)
            people(house, 1, first=block * 10 + 9)

        a_day_later(house)

        assert counts(house)["outcomes"]["failed"] == ALIKE + 5
        assert len(house.rows("runs")) < ALIKE
        assert failures(house)[-1]["count"] == ALIKE
