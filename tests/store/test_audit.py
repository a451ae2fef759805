"""Each change leaves one row: who, to what, and why."""

from connector.domain.accounts import Account
from connector.store import audit
from connector.store.engine import Engines
from connector.store.tables import audit as rows
from tests.store.making import AnyWriter


def test_a_row_says_who_did_what_and_why(writer: AnyWriter, engines: Engines, account: Account) -> None:
    writer.run(
        lambda tx: audit.add(
            tx,
            account_id=account.id,
            subject="prg_1",
            act="program.updated",
            source="api",
            origin={"key_id": "key_1"},
            reason="correction",
            note="a typo",
            details={"name": "Birthday"},
        )
    )

    with engines.reading() as connection:
        [row] = connection.execute(rows.select()).mappings()
    assert (row["subject"], row["act"], row["source"]) == ("prg_1", "program.updated", "api")
    assert (row["origin"], row["details"]) == ({"key_id": "key_1"}, {"name": "Birthday"})
    assert (row["reason"], row["note"]) == ("correction", "a typo")
    assert (row["card_id"], row["transfer"]) == (None, None)
