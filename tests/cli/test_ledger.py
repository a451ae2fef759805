"""`connector ledger verify`: proof, or the place of the first fault."""

from pathlib import Path
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


def test_a_seal_is_shown_and_proves_the_history_that_it_knows(
    house: House, shell: Shell, tmp_path: Path
) -> None:
    house.issue(2500)
    kept = shell.done("ledger", "seal", "--json").out.splitlines()[-1]  # a log without a place goes there too
    (tmp_path / "seal.json").write_text(kept)

    assert shell.done("ledger", "verify", "--seal", str(tmp_path / "seal.json")).code == 0
    assert shell.done("ledger", "seal").out.startswith("day")

    _tamper(house, "DELETE FROM seal_heads")
    _tamper(house, "DELETE FROM seals")
    ran = shell("ledger", "verify", "--seal", str(tmp_path / "seal.json"))
    assert (ran.code, "its history is another one" in ran.out) == (1, True)


def test_what_is_no_seal_is_said_in_one_sentence(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "seal.json").write_text("{}")

    ran = shell("ledger", "verify", "--seal", str(tmp_path / "seal.json"))

    assert ran.code == 1
    assert "seal.json holds no seal" in ran.err
    assert shell("ledger", "verify", "--seal", str(tmp_path / "none.json")).code == 2
    both = ("--account", "glow-spa", "--seal", str(tmp_path / "seal.json"))
    assert shell("ledger", "verify", *both).code == 2
