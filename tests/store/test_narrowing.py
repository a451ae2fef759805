"""Lists of runs, events and inbound deliveries against a model: every filter, every two, page by page.

Each is asked twice: as a list of a few rows, and as one so long that no filter has few.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import event, insert, select, text

from bench.made_ledger import Dice
from connector.domain.accounts import Account
from connector.store import events, inbound_lists, runs
from connector.store.engine import Engines
from connector.store.narrowing import narrowed
from connector.store.tables import contacts, inbound_deliveries, sources
from connector.store.tables import events as event_rows
from connector.store.tables import runs as run_rows
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

COUNT: Final = 60
FEWS: Final = (0, 4, 1_000)  # no filter has few; some have; all have
SECOND: Final = timedelta(seconds=1)
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """What the tables hold, oldest first. A run has its event's row, a delivery those of its events."""

    engines: Engines
    account: int
    deliveries: list[Row]
    events: list[Row]
    runs: list[Row]


@pytest.fixture
def made(writer: AnyWriter, engines: Engines, account: Account) -> Iterator[Made]:
    yield writer.run(lambda tx: _made(tx, engines, account.id))


def _made(tx: Writing, engines: Engines, account: int) -> Made:
    dice = Dice("lists")
    plain = {
        "adapter": "standard",
        "secrets_sealed": "",
        "settings": {},
        "is_enabled": True,
        "created_at": THE_MOMENT,
    }
    for number in (1, 2):
        slug = {"id": number, "account_id": account, "slug": f"s{number}", "managed_by": "api"}
        tx.execute(insert(sources).values(**slug, **plain))
        tx.execute(insert(contacts).values(**_contact(number, account)))
    told, happened, ran = [], [], []
    for number in range(1, COUNT + 1):
        at = THE_MOMENT + number * SECOND
        told.append(
            {
                "id": number,
                "public_id": f"dlv_{number}",
                "account_id": account,
                "source_id": dice.one_of((1, 1, 1, 2)),
                "received_at": at,
                "status": dice.one_of(("processed", "processed", "ignored", "rejected")),
                "request": {},
                "body": b"",
            }
        )
        happened.append(
            {
                "id": number,
                "public_id": f"evt_{number}",
                "account_id": account,
                "source_id": told[-1]["source_id"],
                "delivery_id": dice.one_of((number, number, None)),
                "contact_id": dice.one_of((None, 1, 1, 2)),
                "type": dice.one_of(("order.paid", "order.paid", "deal.won")),
                "occurred_at": at,
                "envelope": "{}",
                "created_at": at,
            }
        )
    for number in range(1, 2 * COUNT + 1):
        event = happened[dice.below(COUNT)]
        ran.append(
            {
                "id": number,
                "public_id": f"run_{number}",
                "account_id": account,
                "event_id": event["id"] if number % 9 else None,
                "contact_id": event["contact_id"],
                "recipe": dice.one_of(("a", "a", "b", "c")),
                "revision": "",
                "outcome": dice.one_of(("not_matched", "not_matched", "done", "failed")),
                "trace": [],
                "outputs": {},
                "created_at": THE_MOMENT + number * SECOND,
                "replays": f"run_{number - 1}" if number % 11 == 0 else None,
            }
        )
    for table, rows in ((inbound_deliveries, told), (event_rows, happened), (run_rows, ran)):
        tx.execute(insert(table), rows)
    return Made(engines, account, told, happened, ran)


def _contact(number: int, account: int) -> Row:
    return {
        "id": number,
        "public_id": f"ct_{number}",
        "account_id": account,
        "tags": [],
        "attributes": {},
        "first_seen_at": THE_MOMENT,
        "created_at": THE_MOMENT,
        "updated_at": THE_MOMENT,
    }


Holds = Callable[[Made, Row, Mapping[str, Any]], bool]


def run_holds(made: Made, run: Row, filters: Mapping[str, Any]) -> bool:
    event = {} if run["event_id"] is None else made.events[run["event_id"] - 1]
    seen = {
        **{name: run[name] for name in ("recipe", "outcome", "replays")},
        "contact": run["contact_id"],
        "event": event.get("public_id"),
        "source": event.get("source_id"),
        "type": event.get("type"),
    }
    return _holds(seen, run["created_at"], filters)


def event_holds(made: Made, event: Row, filters: Mapping[str, Any]) -> bool:
    of_run = {name: filters[name] for name in ("recipe", "outcome") if name in filters}
    its = [run for run in made.runs if run["event_id"] == event["id"]]
    if of_run and not any(all(run[name] == value for name, value in of_run.items()) for run in its):
        return False
    seen = {"type": event["type"], "contact": event["contact_id"], "source": event["source_id"]}
    return _holds(seen, event["created_at"], {k: v for k, v in filters.items() if k not in of_run})


def delivery_holds(made: Made, delivery: Row, filters: Mapping[str, Any]) -> bool:
    of_event = {n: filters[n] for n in ("type", "contact", "recipe", "outcome") if n in filters}
    its = [event for event in made.events if event["delivery_id"] == delivery["id"]]
    if of_event and not any(event_holds(made, event, of_event) for event in its):
        return False
    seen = {"status": delivery["status"], "source": delivery["source_id"]}
    return _holds(seen, delivery["received_at"], {k: v for k, v in filters.items() if k not in of_event})


def _holds(seen: Mapping[str, Any], at: Any, filters: Mapping[str, Any]) -> bool:
    if not filters.get("since", at) <= at or not at < filters.get("until", at + SECOND):
        return False
    return all(seen[name] == value for name, value in filters.items() if name not in ("since", "until"))


VALUES: Final[Mapping[str, Any]] = {
    "type": "deal.won",
    "source": 2,
    "contact": 2,
    "recipe": "b",
    "outcome": "failed",
    "since": THE_MOMENT + 20 * SECOND,
    "until": THE_MOMENT + 50 * SECOND,
}
OWN: Final[Mapping[str, Mapping[str, Any]]] = {
    "runs": {"event": "evt_5", "replays": "run_10"},
    "events": {},
    "deliveries": {"status": "rejected"},
}
PAGES: Final[Mapping[str, tuple[Any, Holds]]] = {
    "runs": (runs.page, run_holds),
    "events": (events.page, event_holds),
    "deliveries": (inbound_lists.page, delivery_holds),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_two_filters_hold_at_once_however_long_the_list(name: str, made: Made) -> None:
    page, holds = PAGES[name]
    values = {**VALUES, **OWN[name]}
    asked = [(), *((one,) for one in values), *itertools.combinations(values, 2)]
    with made.engines.reading() as connection:
        for few, names in itertools.product(FEWS, asked):
            filters = {one: values[one] for one in names}
            wanted = [row["public_id"] for row in getattr(made, name) if holds(made, row, filters)][::-1]

            found = page(connection, made.account, filters, before=None, limit=500, few=few)

            assert [one.public_id for one in found] == wanted, (few, filters)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "filters",
    [
        {"outcome": "not_matched", "type": "order.paid"},
        {"outcome": "not_matched", "until": VALUES["until"]},
        {"since": VALUES["since"], "until": VALUES["until"]},
        {"type": "order.paid", "since": VALUES["since"]},
    ],
    ids=lambda filters: "-".join(filters),
)
def test_pages_join_without_a_gap_and_other_accounts_have_nothing(
    filters: Mapping[str, Any], name: str, made: Made
) -> None:
    page, holds = PAGES[name]
    wanted = [row["public_id"] for row in getattr(made, name) if holds(made, row, filters)][::-1]
    assert len(wanted) > 8
    with made.engines.reading() as connection:
        for few in FEWS:
            found: list[Any] = []
            while len(found) % 4 == 0:
                before = found[-1].id if found else None
                more = page(connection, made.account, filters, before=before, limit=4, few=few)
                found.extend(more)
                if not more:
                    break
            assert [one.public_id for one in found] == wanted
            assert page(connection, made.account + 1, {}, before=None, limit=4, few=few) == []


@pytest.mark.parametrize("name", ["runs", "events"])
def test_between_two_moments_a_clock_that_was_set_back_hides_nothing(
    name: str, made: Made, writer: AnyWriter
) -> None:
    """The rows from 31 on were made an hour before the others, by a clock that was wrong."""
    page = PAGES[name][0]
    moved = text(f"UPDATE {name} SET created_at = created_at - 3600000000 WHERE id > 30")
    writer.run(lambda tx: tx.execute(moved))
    rows = getattr(made, name)
    wanted = [row["id"] for row in rows[:30][::-1] + rows[30:][::-1]]
    filters = {"until": rows[-1]["created_at"] + SECOND}
    with made.engines.reading() as connection:
        found: list[int] = []
        while more := page(connection, made.account, filters, before=found[-1] if found else None, limit=7):
            found += [one.id for one in more]

    assert found == wanted


@pytest.mark.parametrize("filters", [{}, {"recipe": "a"}, {"outcome": "not_matched", "type": "order.paid"}])
@pytest.mark.parametrize("name", ["runs", "events"])
def test_up_to_a_moment_far_back_the_index_leads_there(
    name: str, filters: Mapping[str, Any], made: Made
) -> None:
    """What came since is not walked over, nor is anything sorted."""
    page, _ = PAGES[name]
    asked: list[tuple[str, Any]] = []
    with made.engines.reading() as connection:

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        page(connection, made.account, {**filters, "until": VALUES["since"]}, before=None, limit=5, few=0)
        event.remove(connection, "before_cursor_execute", note)
        statement, parameters = asked[-1]
        words = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{words} {statement}", parameters)
        plan = " ".join(str(row[-1]) for row in rows)

    assert f"ix_{name}_account_id_created_at_id" in plan, plan
    assert not [sorts for sorts in ("TEMP B-TREE", "Sort") if sorts in plan], plan


def test_only_what_has_few_narrows(made: Made) -> None:
    by_event = [run_rows.c.event_id == 1]
    nobody = run_rows.c.recipe == "nobody's"
    own = select(run_rows.c.id)
    with made.engines.reading() as connection:
        assert narrowed(connection, []) is None
        assert narrowed(connection, [own]) == {row["id"] for row in made.runs}
        assert narrowed(connection, [own], few=5) is None
        assert narrowed(connection, [own, own.where(nobody)], few=5) == set()
        its = {row["id"] for row in made.runs if row["event_id"] == 1}
        assert narrowed(connection, [own.where(*by_event), own], few=20) == its
