"""Totals are sums over facts: told again, late, or in any order, they are the same."""

from datetime import timedelta
from itertools import permutations

import pytest

from connector.domain.accounts import Account
from connector.domain.contacts import Person
from connector.store import contacts, facts
from connector.store.engine import Engines
from connector.store.facts import Fact, Totals
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter, later

STORY = (
    Fact("booking", "b1", "created", later(1), 0, at=later(40)),
    Fact("booking", "b1", "rescheduled", later(2), 1, at=later(50)),
    Fact("booking", "b1", "completed", later(3), 3, at=later(50)),
    Fact("booking", "b2", "created", later(4), 0, at=later(41)),
    Fact("booking", "b2", "no_show", later(5), 4, at=later(41)),
    Fact("sale", "order:1", "told", later(6), amount=5000, currency="USD"),
    Fact("refund", "r1", "told", later(7), amount=1500, currency="USD"),
)
OUTCOME = Totals(
    visits=1,
    no_shows=1,
    points=0,
    spent=(("USD", 3500),),
    last_visit_at=later(50),
    last_booking_at=later(4),
)


def a_contact(tx: Writing, account: Account, email: str) -> int:
    found = contacts.resolve(tx, account.id, Person(email=email), "api", THE_MOMENT)
    assert found is not None
    return found.id


def tell(writer: AnyWriter, contact: int, told: tuple[Fact, ...], source: int = 1) -> Totals:
    def work(tx: Writing) -> Totals:
        for fact in told:
            facts.tell(tx, contact, source, fact)
        return facts.totals(tx, contact)

    return writer.run(work)


def test_what_is_told_thrice_in_any_order_and_then_backwards_counts_once(
    writer: AnyWriter, account: Account, engines: Engines
) -> None:
    """Every 97th of the 5,040 orders."""
    for number, order in enumerate(list(permutations(STORY))[::97]):
        contact = writer.run(lambda tx, n=number: a_contact(tx, account, f"mia{n}@example.com"))  # type: ignore[misc]

        assert tell(writer, contact, order * 3) == OUTCOME
        assert tell(writer, contact, order[::-1]) == OUTCOME
    with engines.reading() as connection:
        assert facts.totals(connection, contact) == OUTCOME


def test_who_has_no_facts_has_no_totals(writer: AnyWriter, account: Account) -> None:
    contact = writer.run(lambda tx: a_contact(tx, account, "mia@example.com"))

    assert tell(writer, contact, ()) == Totals()
    assert Totals().spent_in("USD") == 0


def test_a_sale_is_counted_once_for_each_id_in_its_own_currency(writer: AnyWriter, account: Account) -> None:
    contact = writer.run(lambda tx: a_contact(tx, account, "mia@example.com"))
    sales = (
        Fact("sale", "invoice:1", "told", later(1), amount=1000, currency="USD"),
        Fact("sale", "invoice:1", "told", later(2), amount=1200, currency="USD"),
        Fact("sale", "invoice:2", "told", later(1), amount=300, currency="USD"),
        Fact("sale", "order:1", "told", later(1), amount=700, currency="EUR"),
        Fact("refund", "order:1", "told", later(3), amount=900, currency="EUR"),
    )

    totals = tell(writer, contact, sales)

    assert totals.spent == (("EUR", -200), ("USD", 1500))
    assert totals.spent_in("USD") == 1500


def part(payment: str, amount: int, at: int = 2, currency: str = "USD", of: str = "invoice:1") -> Fact:
    return Fact("sale", payment, "told", later(at), amount=amount, currency=currency, part_of=of)


WHOLE = Fact("sale", "invoice:1", "told", later(1), amount=8000, currency="USD", part_of="invoice:1")


@pytest.mark.parametrize(
    ("told", "spent"),
    [
        ([WHOLE], {"USD": 8000}),
        ([part("p1", 3000), part("p2", 5000)], {"USD": 8000}),
        ([WHOLE, part("p1", 3000), part("p2", 5000)], {"USD": 8000}),
        ([WHOLE, part("p1", 3000)], {"USD": 8000}),
        ([WHOLE, part("p1", 8000), part("tip", 500)], {"USD": 8500}),
        ([part("p1", 3000), part("p1", 3500, at=3)], {"USD": 3500}),
        ([part("p1", 3000), part("p2", 100, of="invoice:2")], {"USD": 3100}),
        ([part("p1", 3000), part("p2", 2000, currency="EUR")], {"EUR": 2000, "USD": 3000}),
        ([WHOLE, part("p1", 7000, currency="EUR")], {"USD": 8000}),
        (
            [part("p1", 3000), Fact("sale", "p1", "told", later(2), amount=3000, currency="USD")],
            {"USD": 3000},
        ),
    ],
)
def test_an_invoice_and_its_part_payments_are_one_sale_in_any_order(
    writer: AnyWriter, account: Account, engines: Engines, told: list[Fact], spent: dict[str, int]
) -> None:
    for number, order in enumerate(permutations(told)):
        contact = writer.run(lambda tx, n=number: a_contact(tx, account, f"mia{n}@example.com"))  # type: ignore[misc]

        assert dict(tell(writer, contact, order * 3).spent) == spent
        with engines.reading() as connection:
            assert facts.totals_of(connection, [contact]) == {contact: facts.totals(connection, contact)}


def test_what_one_contact_is_known_for_moves_to_another_and_counts_once(
    writer: AnyWriter, account: Account
) -> None:
    mia, noor = (
        writer.run(lambda tx, e=email: a_contact(tx, account, e))  # type: ignore[misc]
        for email in ("mia@example.com", "noor@example.com")
    )
    order = Fact("sale", "order:1", "told", later(2), amount=1000, currency="USD")
    tell(writer, mia, (order, Fact("booking", "b1", "completed", later(1), 3), part("p1", 3000)))
    tell(writer, noor, (Fact("sale", "order:1", "told", later(3), amount=900, currency="USD"), WHOLE))
    tell(writer, mia, (Fact("points", "pt_1", "earned", later(4), amount=70),), source=facts.OWN)

    writer.run(lambda tx: facts.move(tx, mia, noor))

    assert tell(writer, mia, ()) == Totals()
    moved = tell(writer, noor, ())
    assert (moved.visits, moved.points, moved.spent) == (1, 70, (("USD", 8900),))
    assert writer.run(lambda tx: facts.points(tx, noor)) == 70


def test_the_same_subject_of_another_source_kind_or_person_is_another(
    writer: AnyWriter, account: Account
) -> None:
    mia, noor = (
        writer.run(lambda tx, e=email: a_contact(tx, account, e))  # type: ignore[misc]
        for email in ("mia@example.com", "noor@example.com")
    )
    booking = Fact("booking", "1", "completed", later(1), 3)
    points = Fact("points", "1", "earned", later(1), amount=10)

    tell(writer, mia, (booking, points), source=1)
    tell(writer, noor, (booking,), source=1)
    totals = tell(writer, mia, (booking, points), source=2)

    assert (totals.visits, totals.points) == (2, 20)
    assert tell(writer, noor, ()).visits == 1


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_states_told_at_one_moment_the_later_stage_wins(
    writer: AnyWriter, account: Account, order: int
) -> None:
    contact = writer.run(lambda tx: a_contact(tx, account, "mia@example.com"))
    told = (
        Fact("booking", "b1", "created", THE_MOMENT, 0),
        Fact("booking", "b1", "completed", THE_MOMENT, 3),
        Fact("refund", "r1", "told", THE_MOMENT, amount=1, currency="USD"),
        Fact("refund", "r1", "told", THE_MOMENT, amount=9, currency="USD"),
    )

    totals = tell(writer, contact, told[::order])

    assert (totals.visits, totals.spent_in("USD")) == (1, -9)


def test_a_visit_without_a_time_of_its_own_was_when_it_was_told(writer: AnyWriter, account: Account) -> None:
    contact = writer.run(lambda tx: a_contact(tx, account, "mia@example.com"))
    long_ago = THE_MOMENT - timedelta(days=400)

    totals = tell(
        writer,
        contact,
        (
            Fact("booking", "b1", "completed", THE_MOMENT, 3),
            Fact("booking", "b2", "completed", long_ago, 3, at=long_ago),
        ),
    )

    assert (totals.visits, totals.last_visit_at, totals.last_booking_at) == (2, THE_MOMENT, THE_MOMENT)
