"""`connector ledger verify`: proof, or the place of the first fault."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.cli.shell import Shell, shell_in
from tests.kit.house import House


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


def test_an_honest_ledger_is_proved(house: House, shell: Shell) -> None:
    card = house.issue(2500)
    house.redeem(card["id"], 1000)

    assert shell.done("ledger", "verify", "--json").json == {
        "ok": True,
        "cards": 1,
        "transfers": 2,
        "faults": [],
    }
    assert shell.done("ledger", "verify").out == "Proved: 1 cards, 2 transfers, no fault.\n"


def test_a_balance_that_was_tampered_with_is_1_and_its_place(house: House, shell: Shell) -> None:
    card = house.issue(2500)
    _tamper(house, "UPDATE cards SET balance = 9900")

    ran = shell("ledger", "verify")
    shown = shell("ledger", "verify", "--json")

    assert ran.code == shown.code == 1
    assert card["id"] in ran.out
    assert shown.json["ok"] is False
    assert card["id"] in shown.json["faults"][0]


def test_an_account_s_part_is_proved_alone(house: House, shell: Shell) -> None:
    house.issue(2500)
    _tamper(house, "UPDATE cards SET balance = 9900")

    assert shell("ledger", "verify", "--account", "glow-spa").code == 1
    assert shell.done("ledger", "verify", "--account", "other-shop", "--json").json["cards"] == 0


def _tamper(house: House, sql: str) -> None:
    """What somebody does who reaches the database past us."""

    def work(tx: Any) -> None:
        tx.execute(text(sql))

    house.gateway.parts.writer.run(work)
