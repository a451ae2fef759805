"""Lists stay on the indexes that were chosen for them, on both databases."""

from typing import Any

from sqlalchemy import insert, select, text

from connector.domain.accounts import Account
from connector.store.engine import Engines
from connector.store.steering import among, count, shielded, steer
from connector.store.tables import cards, revisions
from connector.store.writer import Writing
from tests.store.making import AnyWriter, note, noted


def test_a_steered_reading_leaves_the_next_one_as_it_was(engines: Engines) -> None:
    def settings() -> list[Any]:
        with engines.reading() as connection:
            before = _told(engines, connection)
            steer(connection)
            return [before, _told(engines, connection)]

    first, second = settings(), settings()

    assert first == second
    assert engines.is_sqlite or first == ["on", "off"]


def _told(engines: Engines, connection: Any) -> str:
    return "" if engines.is_sqlite else str(connection.execute(text("SHOW enable_seqscan")).scalar_one())


def test_a_shielded_column_has_the_same_values(writer: AnyWriter, engines: Engines) -> None:
    writer.run(lambda tx: [note(tx, name) for name in ("a", "b", "c")])
    hidden = shielded(revisions)

    with engines.reading() as connection:
        found = connection.execute(select(revisions.c.sha256).where(hidden["sha256"] == "b")).scalars().all()
        plan = "" if not engines.is_sqlite else _plan(connection, hidden)

    assert found == ["b"] and noted(engines) == {"a", "b", "c"}
    assert "SEARCH" not in plan


def _plan(connection: Any, hidden: dict[str, Any]) -> str:
    wanted = select(revisions.c.sha256).where(hidden["sha256"] == "b")
    sql = wanted.compile(connection.engine, compile_kwargs={"literal_binds": True})
    return str(connection.execute(text(f"EXPLAIN QUERY PLAN {sql}")).all())


def test_rows_are_counted_no_further_than_asked(writer: AnyWriter, engines: Engines) -> None:
    writer.run(lambda tx: [note(tx, name) for name in ("a", "b", "c")])

    with engines.reading() as connection:
        counts = [count(connection, select(revisions.c.sha256), most) for most in (1, 3, 9)]

    assert counts == [1, 3, 3]


def test_rows_are_taken_from_among_few(writer: AnyWriter, engines: Engines, account: Account) -> None:
    row = {
        **dict.fromkeys(("code_sealed", "head_hash"), ""),
        **dict.fromkeys(("balance", "held", "initial_amount", "transfer_count", "message_count"), 0),
        "account_id": account.id,
        "currency": "USD",
        "last4": "7K2Q",
        "kind": "paid",
        "source": "api",
        "origin": {},
        "metadata": {},
    }

    def work(tx: Writing) -> None:
        for number in range(4):
            moments = dict.fromkeys(("created_at", "updated_at"), tx.now)
            names = {"public_id": f"gc_{number}", "code_hash": str(number)}
            tx.execute(insert(cards), {**row, **moments, **names})

    writer.run(work)
    few = select(cards.c.id).where(cards.c.code_hash.in_(("1", "3")))
    with engines.reading() as connection:
        wanted = select(cards.c.public_id).where(among(connection, cards.c.id, few)).order_by(cards.c.id)
        assert connection.execute(wanted).scalars().all() == ["gc_1", "gc_3"]
