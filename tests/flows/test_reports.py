"""Reports as a shop reads them: what is owed, spent and given, who has credit; at any past moment."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from connector.domain.errors import BadRequest
from connector.flows.reports import CONTACTS, REPORTS, Report
from tests.flows.test_transactions import a_deposit
from tests.kit.deeds import do
from tests.kit.house import House

DAY = timedelta(days=1)
EVERY = (*REPORTS, CONTACTS)


def report(house: House, name: str, **asked: Any) -> Report:
    return house.gateway.history.report(house.account, name, asked)


def test_what_is_owed_now_and_what_was_owed_then(house: House) -> None:
    """S004-27."""
    card = house.issue(2500, kind="paid")
    house.issue(900)
    house.issue(700, currency="EUR")
    then = house.clock.now()
    house.clock.forward(DAY)
    house.redeem(card["id"], 1000)

    def owed(**asked: Any) -> list[tuple[str, str, int, int]]:
        rows = report(house, "liability", **asked).data
        return [(row["currency"], row["kind"], row["cards"], row["outstanding"]) for row in rows]

    assert owed() == [
        ("EUR", "promotional", 1, 700),
        ("USD", "paid", 1, 1500),
        ("USD", "promotional", 1, 900),
    ]
    assert owed() == owed(as_of=house.clock.now())
    assert ("USD", "paid", 1, 2500) in owed(as_of=then)
    assert owed(as_of=then - DAY) == []


def test_what_was_spent_counts_from_since_and_before_until(house: House) -> None:
    """S004-28."""
    card = house.issue(2500)
    first = house.clock.now()
    house.redeem(card["id"], 100)
    house.clock.forward(DAY)
    house.redeem(card["id"], 200)
    second = house.clock.now()

    def spent(**asked: Any) -> list[int]:
        return [row["spend"] for row in report(house, "redemptions", **asked).data]

    assert spent() == [300]
    assert spent(since=first) == [300]
    assert spent(since=second) == [200]
    assert spent(until=second) == [100]
    assert spent(since=first - DAY, until=first) == []


def test_how_much_of_what_was_put_on_cards_was_spent_is_a_rate(house: House) -> None:
    """S004-26: in the time asked for; loads count, what was given back does not."""
    card, paid = house.issue(3000)["id"], house.issue(900, kind="paid")["id"]
    do(house, "load", card=card, amount=1000)
    line = house.redeem(card, 1500).body["transaction"]["id"]
    do(house, "refund", card=card, transaction_id=line, amount=500)
    then = house.clock.now() + DAY
    house.clock.forward(DAY)
    house.redeem(paid, 300)

    def rates(**asked: Any) -> list[tuple[str, int, str]]:
        found = report(house, "redemptions", **asked).data
        return [(row["kind"], row["issued"], str(row["redemption_rate"])) for row in found]

    assert rates() == [("paid", 900, "0.3333"), ("promotional", 4000, "0.2500")]
    assert rates(since=then) == [("paid", 0, "None")]
    assert rates(by=["source"]) == rates()


def test_the_parts_asked_for_stand_in_every_row(house: House) -> None:
    house.issue(900)

    found = report(house, "liability", by=["age", "source"])

    [row] = found.data
    assert (row["age"], row["source"]) == ("0-90 days", "api")
    assert found.columns[:5] == ("currency", "kind", "removed", "age", "source")
    assert found.as_json()["by"] == ["age", "source"]


def test_funding_says_what_is_left_of_what_was_paid_in(house: House) -> None:
    house.issue(400)
    a_deposit(house, 9_000)
    then = house.clock.now()
    house.clock.forward(DAY)
    house.issue(2500)

    def told(**asked: Any) -> list[list[Any]]:
        names = ("account", "paid_in", "given", "balance")
        return [[row[name] for name in names] for row in report(house, "funding", **asked).data]

    assert told() == [["prepaid:-", 9_000, 2500, 6500], ["promo:api", None, 400, None]]
    assert told(as_of=then) == [["prepaid:-", 9_000, 0, 9_000], ["promo:api", None, 400, None]]


def test_who_has_credit_is_told_page_by_page(house: House) -> None:
    """S000-59, S000-60: the list that a reminder goes out to."""
    for number in range(5):
        house.issue(100 + number, contact={"email": f"mia{number}@example.com"})
    both = house.issue(300, contact={"email": "mia0@example.com"}, currency="EUR")
    house.issue(50, contact={"email": "mia0@example.com"}, expires_at=house.clock.now() + DAY)
    house.redeem(house.issue(70, contact={"email": "empty@example.com"})["id"], 70)
    house.issue(999)

    pages: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while cursor is not None or not pages:
        found = report(house, CONTACTS, limit=2, cursor=cursor)
        pages.append(found.data)
        cursor = found.next_cursor

    assert [len({row["contact_id"] for row in page}) for page in pages] == [2, 2, 1]
    rows = [row for page in pages for row in page]
    mine = {row["currency"]: row for row in rows if row["contact_id"] == both["contact_id"]}
    assert {currency: row["balance"] for currency, row in mine.items()} == {"USD": 150, "EUR": 300}
    assert mine["USD"]["next_expiry_at"] == "2026-11-21T15:00:00Z" and mine["USD"]["cards"] == 2
    assert {row["email"] for row in rows} == {f"mia{number}@example.com" for number in range(5)}


def test_who_had_credit_then_is_told_page_by_page_too(house: House) -> None:
    cards = [house.issue(100, contact={"email": f"mia{number}@example.com"}) for number in range(5)]
    then = house.clock.now()
    house.clock.forward(DAY)
    for card in cards:
        house.redeem(card["id"], 100)

    assert report(house, CONTACTS).data == []
    first = report(house, CONTACTS, as_of=then, limit=3)
    rest = report(house, CONTACTS, as_of=then, limit=3, cursor=first.next_cursor)
    assert [row["email"][:4] for row in (*first.data, *rest.data)] == [f"mia{number}" for number in range(5)]
    assert report(house, CONTACTS, as_of=then - DAY).data == []
    with pytest.raises(BadRequest, match="cursor"):
        report(house, CONTACTS, cursor=first.next_cursor)


def test_what_is_held_cannot_be_spent_at_the_moment_asked_for_either(house: House) -> None:
    """A report of now and one as of now say the same."""
    card = house.issue(1000, contact={"email": "mia@example.com"})["id"]
    full = house.issue(500, contact={"email": "noor@example.com"})["id"]
    before = house.clock.now()
    house.clock.forward(DAY)
    hold = do(house, "hold", card=card, amount=400)["hold"]["id"]
    do(house, "hold", card=full, amount=500)
    during = house.clock.now()

    def told(**asked: Any) -> list[tuple[str, int]]:
        return [(row["email"], row["balance"]) for row in report(house, CONTACTS, **asked).data]

    assert told() == told(as_of=during) == [("mia@example.com", 600)]
    house.clock.forward(timedelta(hours=1))
    do(house, "release", hold=hold)
    assert told(as_of=during) == [("mia@example.com", 600)]
    assert told(as_of=before) == [("mia@example.com", 1000), ("noor@example.com", 500)]


def test_a_page_of_one_asks_for_many_people_at_once(house: House) -> None:
    """Of a past moment nobody knows beforehand who had something: two at a time would take minutes."""
    for number in range(12):
        house.issue(100, contact={"email": f"mia{number}@example.com"})
    asked: list[str] = []
    engine = house.gateway.parts.engines.read
    event.listen(engine, "before_cursor_execute", lambda *it: asked.append(it[2]))

    assert report(house, CONTACTS, as_of=house.clock.now() - 3650 * DAY, limit=1).data == []
    assert len([sql for sql in asked if "cards" in sql]) == 1, "nobody had a card yet"
    asked.clear()
    house.clock.forward(DAY)
    for card in house.cards():
        house.redeem(card["id"], 100)
    asked.clear()

    assert len(report(house, CONTACTS, as_of=house.clock.now(), limit=1).data) == 0
    assert len([sql for sql in asked if "cards" in sql]) == 2, "who had cards, and what was on them"


def test_no_cell_is_taken_for_a_formula_and_a_number_stays_one() -> None:
    """T63."""
    nasty = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx", 'a"b,c\nd', "plain"]
    data = [{"name": text, "sum": -200, "removed": True, "none": None} for text in nasty]

    text = Report("x", ("name", "sum", "removed", "none"), data, {}).as_csv()

    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["name", "sum", "removed", "none"]
    assert [row[0] for row in rows[1:]] == [*(f"'{one}" for one in nasty[:6]), *nasty[6:]]
    assert {tuple(row[1:]) for row in rows[1:]} == {("-200", "true", "")}


@pytest.mark.parametrize("name", EVERY)
def test_csv_has_the_same_rows_as_json(shop: House, name: str) -> None:
    a_deposit(shop, 9_000)
    shop.redeem(shop.issue(2500, contact={"email": "mia@example.com", "first_name": "=Mia"})["id"], 100)

    found = report(shop, name)

    rows = list(csv.DictReader(io.StringIO(found.as_csv(), newline="")))
    assert len(rows) == len(found.data) >= (name != "recipes")
    assert set(found.columns) == set(found.data[0]) if found.data else True
    for row, told in zip(rows, found.data, strict=True):
        numbers = {key: value for key, value in told.items() if type(value) is int}
        assert {key: int(row[key]) for key in numbers} == numbers


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("liability", {"by": ["colour"]}),
        ("liability", {"as_of": 1}),
        ("redemptions", {"since": 0, "until": 0}),
        ("redemptions", {"since": 1}),
        (CONTACTS, {"limit": 0}),
        (CONTACTS, {"cursor": "x"}),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(shop: House, name: str, wrong: dict[str, Any]) -> None:
    days = ("as_of", "since", "until")
    asked = {key: shop.clock.now() + value * DAY if key in days else value for key, value in wrong.items()}

    with pytest.raises(BadRequest) as refusal:
        report(shop, name, **asked)

    assert [one.field for one in refusal.value.errors] == [next(iter(wrong))]


@pytest.mark.parametrize("name", EVERY)
def test_a_report_is_of_one_account(shop: House, name: str) -> None:
    shop.redeem(shop.issue(2500, contact={"email": "mia@example.com"})["id"], 100)

    assert shop.gateway.history.report(shop.other, name, {}).data == []
