"""Where `mask_personal` says so, nobody's name stands in what is kept of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.flows import personal
from tests.flows.making import a_house, an_order
from tests.kit.house import BY_HAND, House

RECIPE = """\
recipe: thanks
title: Thanks
status: live
on: order.paid
if:
  - contact.last_name != "Miller" and contact.email is not missing
  - event.order.total >= 20.00 USD
  - contact.attributes.town != "none"
do:
  - issue_card: {amount: 5.00 USD, message: "Dear ${{ contact.first_name }}: ${{ event.data.wish }}"}
  - wait: 2 hours
  - hold: "${{ contact.first_name }} (${{ contact.phone }}) of ${{ contact.attributes.town }}"
tests:
  - name: it acts
    event: order.paid
    given:
      event: {order: {id: o1, total: 80.00 USD}, data: {wish: red}}
      contact: {last_name: A, email: a@example.com, first_name: B, phone: "+1", attributes: {town: C}}
    expect: [issue_card: {amount: 5.00 USD}, wait, hold]
  - name: it does not act
    event: order.paid
    given:
      event: {order: {id: o1, total: 2.00 USD}}
      contact: {last_name: A, email: a@b.c, attributes: {town: C}}
    expect: nothing
    because: event.order.total >= 20.00 USD
"""
NOOR = {
    "email": "Noor.H@clinic.example",
    "phone": "+1 415 555 3344",
    "first_name": "Noor",
    "last_name": "Haddad",
    "external_id": "till-7781",
}
WISH = "for my sister Leila, +49 170 1234567"
SECRETS = ("noor", "haddad", "clinic", "415555", "415 555", "7781", "leila", "170", "bremen")


def told(house: House, **changed: Any) -> None:
    house.tell(**an_order(**NOOR, wish=WISH, **changed))


def kept(house: House) -> str:
    shown = [{**run, "place": None} for run in house.rows("runs")]
    messages = [bytes(one["body"]).decode() for one in house.rows("messages") if one["type"] == "recipe.held"]
    return f"{shown} {messages}".casefold()


@contextmanager
def a_recipe_s_house(folder: Path, url: str, is_masked: bool) -> Iterator[House]:
    with a_house(folder, url, RECIPE, mask_personal=is_masked) as house:
        house.gateway.people.create(house.account, BY_HAND, {**NOOR, "attributes": {"town": "Bremen"}})
        yield house


def test_nothing_that_is_kept_of_a_run_says_who_it_was(database_url: str, tmp_path: Path) -> None:
    """Before a wait, after it, where it is held, and where it did not match."""
    with a_recipe_s_house(tmp_path, database_url, True) as house:
        told(house)
        told(house, order_id="o-2", amount="2.00")
        house.clock.forward(timedelta(hours=2))
        house.gateway.tick()

        text = kept(house)

        assert [run["outcome"] for run in house.rows("runs")] == ["held", "not_matched"]
        assert not [secret for secret in SECRETS if secret in text]
        assert "(personal) ((personal)) of (personal)" in text
        assert "'event.order.total': '80.00 usd'" in text, "what was decided on is still told"
        assert (
            house.rows("messages", type="recipe.held") and house.rows("contacts")[0]["first_name"] == "Noor"
        )


def test_without_it_a_trace_has_what_a_line_saw(sqlite_url: str, tmp_path: Path) -> None:
    with a_recipe_s_house(tmp_path, sqlite_url, False) as house:
        told(house)

        text = kept(house)

        assert "'contact.last_name': 'haddad'" in text and "dear noor: for my sister leila" in text


def test_what_was_given_and_what_goes_on_is_the_same(sqlite_url: str, tmp_path: Path) -> None:
    """The journal, by which a run goes on, has all of it, and is sealed."""
    with a_recipe_s_house(tmp_path, sqlite_url, True) as house:
        told(house)
        house.clock.forward(timedelta(hours=2))
        house.gateway.tick()

        [card] = house.cards()
        assert card["message"] == f"Dear Noor: {WISH}"


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Noor, noor! NOOR", "(personal), (personal)! (personal)"),
        ("Noordwijk and Al", "Noordwijk and Al"),
        ("me@home.example or +49 (170) 123-4567", "(personal) or (personal)"),
        ("until 2026-11-21T15:00:00Z, 1234567890", "until 2026-11-21T15:00:00Z, 1234567890"),
        ({"a": ["Noor", 5, None]}, {"a": ["(personal)", 5, None]}),
    ],
)
def test_who_is_known_is_found_in_any_text(written: Any, left: Any) -> None:
    hidden = personal.known({"contact": {"first_name": "Noor", "last_name": "N"}}, None, None)

    assert personal.without(written, hidden) == left


def test_nobody_known_hides_addresses_all_the_same() -> None:
    assert personal.known({}, None, None) is None
    assert personal.without("to a@b.example", None) == "to (personal)"


def test_what_people_wrote_is_hidden_whole_where_it_was_read() -> None:
    long = "A very long wish that is cut in a trace somewhere"
    values = {
        "event.data": {"n": 5, "phone": 4155553344, "of": [True, "x", Decimal("25.5")], "sum": "25.00 USD"},
        "event.data.wish": long,
        "event.database": "ours",
        "contact.visits": 4155553344,
        "card.recipient": {"name": "Li"},
        "item.note": "yes",
    }
    trace: list[dict[str, Any]] = [
        {"line": 5, "text": "event.data.wish has 'Li'", "values": values},
        {"fields": {"note": f"So: {long[:30]}…"}},
    ]

    found = personal.in_trace(trace, personal.known({}, None, {"recipient": {"name": "Li"}}, trace))

    assert found[0]["values"] == {
        "event.data": {
            "n": 5,
            "phone": "(personal)",
            "of": [True, "(personal)", Decimal("25.5")],
            "sum": "25.00 USD",
        },
        "event.data.wish": "(personal)",
        "event.database": "ours",
        "contact.visits": 4155553344,
        "card.recipient": {"name": "(personal)"},
        "item.note": "(personal)",
    }
    assert found[0]["text"] == "event.data.wish has 'Li'", "the recipe's own words"
    assert found[1] == {"fields": {"note": "So: (personal)"}}


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "a@" + "b" * 1_000_000, "a@b" * 350_000, "+1" + " -" * 500_000, "a@b.c " * 150_000],
    ids=["no sign", "no dot", "many signs", "a number that does not end", "many addresses"],
)
def test_a_million_letters_are_gone_over_once(text: str) -> None:
    """Twice for each letter would be 10^12 steps: this would not end."""
    found = personal.without(text, None)

    assert found == (text if "." not in text else (personal.HIDDEN + " ") * 150_000)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("to mia@example.com, now", "to (personal), now"),
        ("<mia.moss+x@mail.example.co.uk>", "<(personal)>"),
        ("a@b@c.example", "a@(personal)"),
        ("mailto:mia@example.com", "(personal)"),
        ("mia@home", "mia@home"),
    ],
)
def test_an_address_within_a_text_is_hidden(text: str, hidden: str) -> None:
    assert personal.without(text, None) == hidden
