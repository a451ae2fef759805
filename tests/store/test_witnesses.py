"""T35: what stands beside the ledger agrees with its lines, or `ledger verify` names the row that does not.

Funds that were deleted, holds that tell another story, an audit trail with a gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connector.domain.rates import Rates
from connector.flows import funds
from connector.store import witnesses
from tests.flows.test_importing import a_file, imported
from tests.kit.catalogue import a_fund
from tests.kit.deeds import do, row_of
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.tampering import sql
from tests.operations.asking import put_in_program

RATES = Rates("USD", {"EUR": Decimal("0.92")})


@dataclass
class Traded:
    """A house with funds, a card that drew on them, two captures and two holds that ended without."""

    house: House
    card: str
    other_card: str
    captured: dict[str, Any]
    capture: str
    other_capture: str
    released: str

    @property
    def faults(self) -> list[str]:
        return list(self.house.gateway.verify().faults)

    def line(self, kind: str) -> str:
        """The id of the first line of this type."""
        return str(self.house.rows("transfers", type=kind)[0]["public_id"])

    def made(self, amount: int) -> int:
        """The row number of the audit row that says that a hold of so much was made."""
        [row] = [one for one in self.house.rows("audit", act="hold") if one["details"]["amount"] == amount]
        return int(row["id"])

    def note(self, line: str) -> int:
        """The row number of the audit row of a line."""
        [row] = self.house.rows("audit", transfer=line)
        return int(row["id"])


def trade(house: House) -> Traded:
    a_fund(house, 20_000)
    card, other = house.issue(2500)["id"], house.issue(1000)["id"]

    def a_hold(card: str, amount: int) -> str:
        return str(do(house, "hold", card=card, amount=amount)["hold"]["id"])

    first, second, third = a_hold(card, 700), a_hold(card, 300), a_hold(other, 200)
    capture = do(house, "capture", hold=first, amount=500)
    other_capture = do(house, "capture", hold=third)
    do(house, "release", hold=second)
    a_hold(card, 100)
    return Traded(
        house,
        card,
        other,
        capture["hold"],
        capture["transaction"]["id"],
        other_capture["transaction"]["id"],
        second,
    )


@pytest.fixture
def traded(house: House) -> Traded:
    return trade(house)


@pytest.fixture
def priced(database_url: str, tmp_path: Path) -> Iterator[House]:
    house = open_house(tmp_path, database_url, rates=RATES)
    yield house
    house.gateway.close()


def test_every_deed_leaves_rows_that_agree(priced: House) -> None:
    house = priced
    fund = a_fund(house, 50_000)
    asked = {"amount": 1000, "note": "back, 4111 1111 1111 1111"}
    funds.withdraw(house.gateway.parts, house.account, BY_HAND, fund.public_id, asked)
    do(house, "expire", card=house.issue(100)["id"], reason="campaign is over")
    card, gone = house.issue(2500)["id"], house.issue(700)["id"]
    a_fund(house, 50_000, currency="EUR")
    euros = house.issue(1000, currency="EUR")["id"]
    do(house, "load", card=card, amount=300)
    do(house, "adjust", card=card, amount=100, reason="goodwill", note="told by 4111 1111 1111 1111")
    do(house, "adjust", card=card, amount=-50, reason="correction")
    do(house, "set_balance", card=card, balance=2600)
    taken = house.redeem(card, 1000, currency="EUR").body["transaction"]["id"]
    do(house, "refund", card=card, transaction_id=taken, amount=500)
    do(house, "refund", card=card, transaction_id=taken)
    do(house, "transfer", card=card, to=gone, amount=100)
    do(house, "transfer", card=card, to=euros, amount=100)
    do(house, "expire", card=gone)
    do(house, "revive", card=gone, reason="asked for")
    hold = do(house, "hold", card=card, amount=500)["hold"]["id"]
    do(house, "capture", hold=hold, amount=200)
    do(house, "release", hold=do(house, "hold", card=card, amount=50)["hold"]["id"])
    paid_out = house.issue(500)["id"]
    put_in_program(house, paid_out, cash_out_below=1000)
    do(house, "cash_out", card=paid_out)
    do(house, "add_points", points=500, contact={"email": "mia@example.com"})
    do(house, "convert_points", contact_id="mia@example.com", points=500, amount=500)
    imported(house, a_file("20.00,50.00", header="balance,initial_amount"))

    house.require_proof()

    types = {row["type"] for row in house.rows("transfers")}
    assert types == {
        *("issue", "load", "adjust", "redeem", "refund", "transfer", "expire", "revive", "capture"),
        *("cash_out", "deposit", "withdraw"),
    }
    assert house.rows("transfers", debit="import_opening"), "the import was done"


def test_cards_that_drew_on_funds_that_were_deleted_say_so(traded: Traded) -> None:
    """Without them issuing would have no limit again."""
    deposit, first = traded.line("deposit"), traded.line("issue")
    sql(traded.house, "DELETE FROM audit WHERE transfer = :line", line=deposit)
    sql(traded.house, "DELETE FROM transfers WHERE public_id = :line", line=deposit)
    sql(traded.house, "DELETE FROM funds")

    assert traded.faults == [
        f"transfer {first}: the first of 2 that draw on prepaid:- in USD, and there are no such funds"
    ]


def test_funds_in_another_currency_are_not_those_that_were_drawn_on(traded: Traded) -> None:
    sql(traded.house, "UPDATE funds SET currency = 'EUR'")

    assert any("draw on prepaid:- in USD, and there are no such funds" in one for one in traded.faults)


def test_a_hold_that_says_another_amount_than_its_capture_took_is_named(traded: Traded) -> None:
    sql(traded.house, "UPDATE holds SET captured = 600 WHERE transfer = :line", line=traded.capture)

    assert traded.faults == [
        f"hold {traded.captured['id']}: says that 600 were captured, {traded.capture} took 500"
    ]


def test_a_hold_whose_capture_points_elsewhere_is_named(traded: Traded) -> None:
    hold, spent = traded.captured["id"], traded.line("issue")
    unclaimed = f"transfer {traded.capture}: is the capture of 0 holds, not of one"
    for line, said in (
        (spent, [f"hold {hold}: was captured by {spent}, which is no capture of its card", unclaimed]),
        ("tr_none", [f"hold {hold}: was captured by tr_none, which is not there", unclaimed]),
        (None, [f"hold {hold}: was captured by None, which is not there", unclaimed]),
    ):
        sql(traded.house, "UPDATE holds SET transfer = :line WHERE public_id = :hold", line=line, hold=hold)
        assert traded.faults == said
    sql(
        traded.house,
        "UPDATE holds SET transfer = :line WHERE public_id = :hold",
        line=traded.other_capture,
        hold=hold,
    )
    assert sorted(traded.faults) == sorted(
        [
            f"hold {hold}: was captured by {traded.other_capture}, which is no capture of its card",
            unclaimed,
            f"transfer {traded.other_capture}: is the capture of 2 holds, not of one",
        ]
    )


def test_a_captured_hold_that_was_deleted_is_missed_by_its_capture(traded: Traded) -> None:
    sql(traded.house, "DELETE FROM holds WHERE transfer = :line", line=traded.capture)

    assert traded.faults == [
        f"audit row {traded.made(700)}: tells of a hold that is not there, or not like this",
        f"transfer {traded.capture}: is the capture of 0 holds, not of one",
    ]


def test_an_open_hold_that_was_deleted_is_missed_though_its_card_says_that_nothing_is_held(
    traded: Traded,
) -> None:
    free(traded, 100)
    sql(traded.house, "DELETE FROM holds WHERE state = 'open'")

    assert traded.faults == [
        f"audit row {traded.made(100)}: tells of a hold that is not there, or not like this"
    ]


@pytest.mark.parametrize("end", ["released", "lapsed"])
def test_an_open_hold_that_was_ended_without_a_word_is_named(traded: Traded, end: str) -> None:
    [hold] = traded.house.rows("holds", state="open")
    free(traded, 100)
    sql(traded.house, "UPDATE holds SET state = :end WHERE state = 'open'", end=end)

    assert traded.faults == [unlike(hold["public_id"])]


def test_a_hold_that_was_made_smaller_or_given_to_another_card_is_named(traded: Traded) -> None:
    [hold] = traded.house.rows("holds", state="open")
    missing = f"audit row {traded.made(100)}: tells of a hold that is not there, or not like this"
    free(traded, 60)
    sql(traded.house, "UPDATE holds SET amount = 40 WHERE state = 'open'")
    assert traded.faults == [unlike(hold["public_id"]), missing]

    free(traded, 40)
    sql(traded.house, "UPDATE holds SET state = 'released', amount = 100 WHERE amount = 40")
    other = row_of(traded.house, traded.other_card)["id"]
    sql(traded.house, "UPDATE holds SET card_id = :other WHERE amount = 100", other=other)
    assert traded.faults == [unlike(hold["public_id"]), missing]


def test_a_hold_that_is_over_is_not_open_again_nor_ended_otherwise(traded: Traded) -> None:
    for state in ("open", "lapsed"):
        put = "UPDATE holds SET state = :state WHERE public_id = :hold"
        sql(traded.house, put, state=state, hold=traded.released)

        assert unlike(traded.released) in traded.faults


def unlike(hold: str) -> str:
    return f"hold {hold}: the audit trail does not tell of it what it says itself"


def free(traded: Traded, amount: int) -> None:
    """The card says that so much less is held."""
    put = "UPDATE cards SET held = held - :amount WHERE public_id = :card"
    sql(traded.house, put, amount=amount, card=traded.card)


def test_a_hold_that_was_captured_is_not_let_go_again(traded: Traded) -> None:
    sql(traded.house, "UPDATE holds SET state = 'released' WHERE transfer = :line", line=traded.capture)

    assert traded.faults == [
        f"hold {traded.captured['id']}: is released, and says that 500 were captured, by {traded.capture}",
        unlike(traded.captured["id"]),
        f"transfer {traded.capture}: is the capture of 0 holds, not of one",
    ]


def test_a_captured_hold_that_was_invented_is_named(traded: Traded) -> None:
    """With a line of its own, with none, and with one that another hold has."""
    columns = "account_id, card_id, amount, captured, origin, expires_at, created_at"
    sql(
        traded.house,
        f"INSERT INTO holds (id, public_id, state, transfer, {columns})"
        f" SELECT 99, 'hold_new', state, transfer, {columns} FROM holds WHERE transfer = :line",
        line=traded.capture,
    )
    assert traded.faults == [
        unlike("hold_new"),
        f"transfer {traded.capture}: is the capture of 2 holds, not of one",
    ]

    sql(traded.house, "UPDATE holds SET transfer = 'tr_new' WHERE id = 99")
    assert traded.faults == ["hold hold_new: was captured by tr_new, which is not there", unlike("hold_new")]

    sql(traded.house, "DELETE FROM holds WHERE id = 99")
    let_go = "UPDATE holds SET state = 'captured', captured = 300 WHERE public_id = :hold"
    sql(traded.house, let_go, hold=traded.released)
    assert traded.faults == [
        f"hold {traded.released}: was captured by None, which is not there",
        unlike(traded.released),
    ]


@pytest.mark.parametrize("kind", ["deposit", "issue", "capture"])
def test_a_line_whose_audit_row_was_deleted_or_doubled_is_named(traded: Traded, kind: str) -> None:
    line = traded.line(kind)
    columns = "account_id, card_id, subject, act, transfer, source, origin, reason, note, created_at"
    sql(
        traded.house,
        f"INSERT INTO audit (id, {columns}) SELECT 99, {columns} FROM audit WHERE transfer = :line",
        line=line,
    )
    assert traded.faults == [f"transfer {line}: 2 rows of the audit trail name it, not one"]

    sql(traded.house, "DELETE FROM audit WHERE transfer = :line", line=line)
    assert traded.faults == [f"transfer {line}: 0 rows of the audit trail name it, not one"]


def test_an_audit_row_that_names_no_line_is_named(traded: Traded) -> None:
    row = traded.note(traded.capture)
    sql(traded.house, "UPDATE audit SET transfer = 'tr_none' WHERE id = :row", row=row)

    assert sorted(traded.faults) == sorted(
        [
            f"transfer {traded.capture}: 0 rows of the audit trail name it, not one",
            f"audit row {row}: names tr_none, which is no line of a card or of funds",
        ]
    )


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("account_id", None),
        ("card_id", None),
        ("subject", "gc_forged"),
        ("act", "redeem"),
        ("origin", '{"key_id":"key_forged"}'),
        ("reason", "fraud"),
        ("note", "words"),
        ("created_at", 1),
    ],
)
def test_an_audit_row_that_was_rewritten_is_named(traded: Traded, column: str, value: Any) -> None:
    row = traded.note(traded.capture)
    sql(traded.house, f"UPDATE audit SET {column} = :value WHERE id = :row", value=value, row=row)

    assert traded.faults == [
        f"audit row {row}: does not tell of transfer {traded.capture} what the line itself does"
    ]


def test_one_account_s_witnesses_are_its_own(traded: Traded) -> None:
    sql(traded.house, "DELETE FROM audit")
    sql(traded.house, "DELETE FROM holds")

    assert traded.house.gateway.verify(traded.house.other).is_ok
    assert not traded.house.gateway.verify(traded.house.account).is_ok


@pytest.fixture
def shop_traded(sqlite_url: str, tmp_path: Path) -> Iterator[Traded]:
    house = open_house(tmp_path, sqlite_url)
    yield trade(house)
    house.gateway.close()


@pytest.mark.parametrize("column", ["captured", "transfer", "state", "amount", "card_id"])
def test_junk_in_a_hold_stops_nothing(shop_traded: Traded, column: str) -> None:
    """SQLite keeps whatever it is given in any column."""
    hold = shop_traded.captured["id"]
    sql(
        shop_traded.house, f"UPDATE holds SET {column} = :junk WHERE public_id = :hold", junk=b"\0", hold=hold
    )

    assert any(hold in one for one in shop_traded.faults)


def test_no_question_grows_faster_than_the_ledger(shop_traded: Traded) -> None:
    """Of each, SQLite's plan: one table is walked, any other is looked into by a unique index."""
    asked: list[tuple[str, Any]] = []
    engines = shop_traded.house.gateway.parts.engines
    with engines.reading() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            asked.append((statement, values))

        for account in (None, shop_traded.house.account.id):
            witnesses.drawn(connection, account)
            for question in (
                *(witnesses.wrong_holds, witnesses.uncaptured),
                *(witnesses.unnoted, witnesses.misnoted, witnesses.unlike_holds),
            ):
                assert list(question(connection, account)) == []
        for statement, values in tuple(asked):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [str(row[3]) for row in plan]
            parts = 2 if "UNION ALL" in steps else 1
            tables = [one for one in steps if one.startswith(("SCAN", "SEARCH")) and "anon" not in one]
            looked_into = [one for one in tables if "(public_id=?)" in one or "(rowid=?)" in one]
            assert len(tables) - len(looked_into) == parts, steps
            assert not any("AUTOMATIC" in one for one in steps), steps
    assert len(asked) >= 12
