"""A prepared statement does what Core would do, and nothing else of what it is given."""

import pytest
from sqlalchemy import bindparam, insert, select, update

from connector.store.engine import Engines
from connector.store.prepared import Prepared
from connector.store.tables import revisions
from connector.store.writer import Writing, ask
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

ROW = {"sha256": "a", "recipe": "100%", "text": "it's :odd, isn't it?", "created_at": THE_MOMENT}


def test_rows_go_in_and_come_out_as_by_core(writer: AnyWriter, engines: Engines) -> None:
    add = Prepared(insert(revisions))
    by_recipe = Prepared(select(revisions).where(revisions.c.recipe == bindparam("recipe")))

    def work(tx: Writing) -> None:
        tx.do_all(add, [ROW, {**ROW, "sha256": "b"}])
        tx.do_all(add, [])
        assert tx.fetch(by_recipe, {"recipe": "100%"}) == [ROW, {**ROW, "sha256": "b"}]
        assert tx.fetch(by_recipe, {"recipe": "none"}) == []

    writer.run(work)
    with engines.reading() as connection:
        assert [dict(row) for row in ask(connection, by_recipe, {"recipe": "100%"})] == [
            ROW,
            {**ROW, "sha256": "b"},
        ]


def test_it_tells_how_many_rows_it_touched(writer: AnyWriter) -> None:
    add = Prepared(insert(revisions))
    change = Prepared(
        update(revisions).where(revisions.c.recipe == bindparam("of")).values(text=bindparam("to"))
    )

    def work(tx: Writing) -> list[int]:
        tx.do_all(add, [ROW, {**ROW, "sha256": "b"}])
        return [tx.do(change, {"of": name, "to": "x"}) for name in ("100%", "none")]

    assert writer.run(work) == [2, 0]


def test_constants_of_the_statement_stay(writer: AnyWriter) -> None:
    add = Prepared(insert(revisions))
    found = Prepared(
        select(revisions.c.sha256).where(revisions.c.recipe == "100%", revisions.c.sha256 == bindparam("one"))
    )

    def work(tx: Writing) -> list[dict[str, str]]:
        tx.do(add, ROW)
        return tx.fetch(found, {"one": "a"})

    assert writer.run(work) == [{"sha256": "a"}]


@pytest.mark.parametrize("other", [{"recipe"}, {"recipe", "text"}, set()])
def test_an_insert_of_other_columns_than_the_first_is_refused_not_cut(
    writer: AnyWriter, other: set[str]
) -> None:
    add = Prepared(insert(revisions))
    writer.run(lambda tx: tx.do(add, ROW))
    row = {name: value for name, value in ROW.items() if name not in other}
    if not other:
        row["another"] = 1

    with pytest.raises(ValueError, match="other columns"):
        writer.run(lambda tx: tx.do(add, row))


def test_a_value_that_is_missing_is_a_mistake_of_ours(writer: AnyWriter) -> None:
    found = Prepared(select(revisions).where(revisions.c.recipe == bindparam("recipe")))

    with pytest.raises(KeyError):
        writer.run(lambda tx: tx.fetch(found, {}))
