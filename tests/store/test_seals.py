"""Which heads a seal covers: the last line of each chain that moved since the seal before."""

from typing import Any

from sqlalchemy import event

from connector.domain.accounts import Account
from connector.domain.sealing import KeyRing
from connector.store import seals, transfers
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter
from tests.store.test_transfers import a_line, open_card


def test_before_the_first_there_is_none(engines: Engines) -> None:
    with engines.reading() as connection:
        assert seals.last(connection) is None
        assert seals.every(connection) == []


def test_a_head_is_the_newest_line_of_a_chain_that_moved(
    writer: AnyWriter, ring: KeyRing, account: Account
) -> None:
    card, _ = open_card(writer, ring, account)
    first = writer.run(seals.last_transfer)
    line = a_line(card, 2)
    writer.run(lambda tx: transfers.append(tx, line, card.id))

    def heads(after: int) -> list[tuple[str, int, str]]:
        def work(tx: Writing) -> list[seals.Head]:
            return seals.moved_heads(tx, after, seals.last_transfer(tx))

        return [(head.chain, head.number, head.hash) for head in writer.run(work)]

    assert heads(first) == [(card.public_id, 2, line.hash)]
    assert heads(0) == heads(first), "once, however many lines it moved by"
    assert heads(writer.run(seals.last_transfer)) == []


def test_a_seal_and_its_heads_are_read_as_they_were_written(writer: AnyWriter, engines: Engines) -> None:
    heads = [seals.Head("gc_2", 1, "b"), seals.Head("gc_1", 3, "a")]
    values = {
        "day": "2026-11-20",
        "last_transfer": 9,
        "heads": 2,
        "previous_root": "0",
        "root": "r",
        "signature": "s",
        "created_at": THE_MOMENT,
    }
    assert writer.run(lambda tx: seals.add(tx, values, heads))
    assert not writer.run(lambda tx: seals.add(tx, values, heads)), "a day has one seal"

    with engines.reading() as connection:
        [seal] = seals.every(connection)
        assert seals.last(connection) == seal
        assert [head.chain for head in seals.heads_of(connection, seal)] == ["gc_1", "gc_2"]
        assert {head.chain for head in seals.broken(connection)} == {"gc_1", "gc_2"}, (
            "no such lines are there"
        )
    assert (seal.day, seal.last_transfer, seal.root) == ("2026-11-20", 9, "r")


def test_which_seal_covers_a_line_is_looked_up_and_not_searched_for(
    writer: AnyWriter, ring: KeyRing, account: Account, engines: Engines
) -> None:
    """Else verifying takes the square of what was sealed."""
    open_card(writer, ring, account)
    asked: list[tuple[str, Any]] = []
    event.listen(engines.read, "before_cursor_execute", lambda *it: asked.append((it[2], it[3])))
    with engines.reading() as connection:
        if not engines.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # of so few lines it would read all
        list(seals.uncovered(connection, 99))
        sql, values = asked[-1]
        explain = "EXPLAIN QUERY PLAN " if engines.is_sqlite else "EXPLAIN "
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + sql, values))

    assert "ix_seal_heads_chain_number" in plan
    assert "SCAN seal_heads" not in plan
