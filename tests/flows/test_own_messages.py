"""Our own messages begin recipes: once each, with what they came about by, and never in a circle."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connector.flows.own_messages import MAX_DEPTH
from connector.store.tables import messages
from tests.flows.making import ISSUE, a_house, a_recipe, an_order, people
from tests.kit.crowd import at_once
from tests.kit.deeds import make_sandbox
from tests.kit.house import House, open_house
from tests.kit.pauses import Pauses

DAY = timedelta(days=1)
THANKS = a_recipe(
    "thanks", on="gift_card.redeemed", do=("add_tag: {tag: spender}",), given="data: {}", steps=""
)
BONUS = a_recipe("bonus", on="gift_card.issued", do=(ISSUE,), given="data: {}")


def link(name: str, on: str, sends: str) -> str:
    given = "data: {}" if on.startswith("custom.") else "order: {id: o1}"
    return a_recipe(name, on=on, do=(f"send_webhook: {{type: {sends}}}",), given=given, steps="")


def outcomes(house: House) -> list[tuple[str, str]]:
    return [(run["recipe"], run["outcome"]) for run in house.rows("runs")]


def until_idle(house: House) -> None:
    while house.gateway.tick():
        pass


def test_a_redemption_begins_the_recipe_that_wants_it(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, THANKS) as house:
        people(house, 1, tags=())
        [person] = house.rows("contacts")
        card = house.issue(2500, contact_id=person["public_id"])
        assert house.rows("message_starts") == [], "nobody wants to know of an issue"
        house.redeem(card["id"], 500)

        until_idle(house)
        until_idle(house)

        assert outcomes(house) == [("thanks", "done")]
        assert house.gateway.people.one(house.account, person["public_id"])["tags"] == ["spender"]
        [event] = house.rows("events")
        [message] = house.rows("messages", type="gift_card.redeemed")
        assert (event["type"], event["contact_id"]) == ("gift_card.redeemed", person["id"])
        for part in (
            '"source":"ledger"',
            '"adapter":"ledger"',
            f'"message":"{message["public_id"]}"',
            '"depth":0',
            f'"id":"{card["id"]}"',
            '"email":"p0@example.com"',
        ):
            assert part in event["envelope"]
        assert card["code"] not in house.everything()
        assert house.rows("message_starts") == []


def test_what_was_undone_begins_nothing(database_url: str, tmp_path: Path) -> None:
    twice = a_recipe(
        "twice", do=(ISSUE, "redeem_card: {card: '${{ previous.card.id }}', amount: 500.00 USD}")
    )
    with a_house(tmp_path, database_url, BONUS, twice) as house:
        house.tell(**an_order())

        until_idle(house)

        assert outcomes(house) == [("twice", "failed")]
        assert house.rows("message_starts") == []


def test_two_nodes_begin_it_once(database_url: str, tmp_path: Path) -> None:
    """F19."""
    with a_house(tmp_path, database_url, BONUS) as house:
        (tmp_path / "second").mkdir()
        second = open_house(tmp_path / "second", database_url, clock=house.clock, recipes={"bonus": BONUS})
        for _ in range(10):
            house.issue(100)

        ended = at_once([house.gateway.tick, second.gateway.tick] * 2)
        until_idle(house)

        assert [one.error for one in ended] == [None] * 4
        assert outcomes(house).count(("bonus", "done")) == 10
        assert len(house.cards()) == 20
        second.gateway.close()


def test_a_recipe_does_not_begin_on_what_it_did_itself(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, BONUS) as house:
        house.issue(2500)

        until_idle(house)

        assert len(house.cards()) == 2
        assert outcomes(house) == [("bonus", "done"), ("bonus", "skipped")]
        assert "a circle" in house.rows("runs")[1]["reason"]
        assert "bonus → bonus" in house.rows("runs")[1]["reason"]


def test_nor_on_what_another_did_because_of_it(sqlite_url: str, tmp_path: Path) -> None:
    there = link("there", "custom.one", "custom.two")
    back = link("back", "custom.two", "custom.one")
    with a_house(tmp_path, sqlite_url, there, back) as house:
        house.tell(type="custom.one", email="mia@example.com")

        until_idle(house)

        assert outcomes(house) == [("there", "done"), ("back", "done"), ("there", "skipped")]


def test_a_chain_of_recipes_ends_at_its_depth(database_url: str, tmp_path: Path) -> None:
    chain = [link("r0", "order.paid", "custom.m0")]
    chain += [link(f"r{n}", f"custom.m{n - 1}", f"custom.m{n}") for n in range(1, MAX_DEPTH + 2)]
    with a_house(tmp_path, database_url, *chain) as house:
        house.tell(**an_order())

        until_idle(house)

        done = [(f"r{n}", "done") for n in range(MAX_DEPTH)]
        assert outcomes(house) == [*done, (f"r{MAX_DEPTH}", "skipped")]
        last = house.rows("runs")[-1]
        assert "5 recipes began one another (r0 → r1 → r2 → r3 → r4)" in last["reason"]
        [contact] = house.rows("contacts")
        assert {run["contact_id"] for run in house.rows("runs")} == {contact["id"]}, "whose run sent it"


def test_the_chain_is_known_after_a_wait_too(sqlite_url: str, tmp_path: Path) -> None:
    slow = a_recipe("slow", on="gift_card.issued", do=("wait: 2 hours", ISSUE), given="data: {}")
    with a_house(tmp_path, sqlite_url, slow) as house:
        house.issue(2500)
        until_idle(house)
        house.clock.forward(timedelta(hours=2))

        until_idle(house)

        assert outcomes(house) == [("slow", "done"), ("slow", "skipped")]


def test_recipes_that_live_on_what_time_ends_go_in_no_slow_circle(database_url: str, tmp_path: Path) -> None:
    """Neither by themselves nor by each other; on what a person gave, each of them begins."""
    two = [
        a_recipe(
            name, "gift_card.expired", ("issue_card: {amount: 5.00 USD, expires: 1 days}",), given="data: {}"
        )
        for name in ("first", "second")
    ]
    with a_house(tmp_path, database_url, *two) as house:
        house.issue(2500, expires_at=house.clock.now() + timedelta(hours=1))
        made = []
        for _ in range(4):
            house.clock.forward(timedelta(days=1, seconds=2))
            until_idle(house)
            made.append(len(house.rows("cards")))

        assert made == [3, 5, 5, 5]
        reasons = {run["reason"] for run in house.rows("runs") if run["outcome"] == "skipped"}
        assert any("first → second → first" in reason for reason in reasons)
        assert all("a circle: time sent" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("on", "terms"),
    [
        ("gift_card.expiring", "expires: 40 days"),
        ("gift_card.delivered", "delivery: email, deliver_at: '${{ now() + 10 days }}'"),
    ],
)
def test_nor_does_one_on_what_time_tells_beforehand(
    sqlite_url: str, tmp_path: Path, on: str, terms: str
) -> None:
    to = "recipient: {email: mia@example.com}"
    text = a_recipe("again", on, (f"issue_card: {{amount: 5.00 USD, {to}, {terms}}}",), given="data: {}")
    with a_house(tmp_path, sqlite_url, text) as house:
        make_sandbox(house)
        start = house.clock.now()
        soon = {"expires_at": start + timedelta(days=40), "delivery": "email", "deliver_at": start + DAY}
        house.issue(2500, recipient={"email": "mia@example.com"}, **soon)
        for _ in range(4):
            house.clock.forward(12 * DAY)
            until_idle(house)

        assert len(house.rows("cards")) == 2
        assert outcomes(house) == [("again", "done"), ("again", "skipped")]


def test_a_message_that_cannot_be_begun_is_tried_later_and_holds_up_no_other(
    sqlite_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with a_house(tmp_path, sqlite_url, BONUS, pause=pauses) as house:
        house.issue(100)
        house.issue(200)
        found: list[dict[str, Any]] = house.rows("message_starts")
        house.gateway.parts.writer.run(lambda tx: tx.execute(_poison(found[0]["message"])) and None)

        until_idle(house)

        assert outcomes(house).count(("bonus", "done")) == 1
        [left] = house.rows("message_starts")
        assert (left["message"], left["tries"]) == (found[0]["message"], 1)
        assert left["due_at"] == house.clock.now() + timedelta(minutes=1)


def _poison(message: str) -> Any:
    return update(messages).where(messages.c.public_id == message).values(body=b"{")


def test_a_recipe_that_was_paused_meanwhile_begins_nothing(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, BONUS) as house:
        house.issue(100)
        (house.recipes / "bonus.yaml").write_text(BONUS.replace("status: live", "status: paused"))
        house.gateway.parts.library.reload()

        until_idle(house)

        assert (house.rows("events"), house.rows("message_starts")) == ([], [])
