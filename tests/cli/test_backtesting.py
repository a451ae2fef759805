"""`connector recipes backtest`: a table for people, one line for programs, and nothing is written."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.shell import Shell, shell_in
from tests.kit.house import RECIPES, House

NAME = "first-booking"
TABLES = ("events", "contacts", "facts", "runs", "once_taken", "gifts", "cards", "transfers", "messages")


@pytest.fixture
def shell(shop: House) -> Shell:
    for name in ("mia", "zoe"):
        shop.tell(type="booking.created", booking_id=f"b-{name}", email=f"{name}@example.com")
        shop.clock.forward(timedelta(hours=1))
    return shell_in(shop)


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The recipe with a card of 10 dollars instead of 25."""
    file = tmp_path / "changed.yaml"
    file.write_text(RECIPES[NAME].replace("amount: 25.00 USD", "amount: 10.00 USD"))
    return file


def test_what_a_changed_recipe_would_have_given_and_who_loses(
    shop: House, shell: Shell, changed: Path
) -> None:
    before = [shop.rows(name) for name in TABLES]

    ran = shell.done("recipes", "backtest", NAME, "--file", str(changed), "--account", "glow-spa")

    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[:3] == [f"{NAME} in force as asked", "cards 2 2", "money 50.00 USD 20.00 USD"]
    assert lines[-1] == "0 gain, 2 lose: +0 cards, -30.00 USD in all"
    assert sum("-15.00 USD" in line for line in lines) == 2
    assert "2 events of glow-spa" in ran.err
    assert "example.com" not in ran.out + ran.err
    assert [shop.rows(name) for name in TABLES] == before


def test_the_file_that_is_in_force_is_compared_with_nothing(shell: Shell) -> None:
    found = shell.done("recipes", "backtest", NAME, "--account", "glow-spa", "--json").json

    assert (found["is_in_force"], found["in_force"], found["difference"]) == (True, None, None)
    assert (found["changed"]["cards"], found["changed"]["money"]) == (2, {"USD": 5000})


@pytest.mark.parametrize(
    ("since", "until", "cards"),
    [("90d", None, 2), ("1h", None, 1), ("2 hours", "1h", 1), ("2026-01-01", "2026-02-01", 0)],
)
def test_of_a_span(since: str, until: str | None, cards: int, shell: Shell) -> None:
    span = ["--since", since, *(["--until", until] if until else [])]

    found = shell.done("recipes", "backtest", NAME, "--account", "glow-spa", *span, "--json").json

    assert found["changed"]["cards"] == cards


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--since", "soon"], 2, "write 90d or 2027-01-31"),
        (["--since", "99999999d"], 2, "write 90d or 2027-01-31"),
        (["--file", "nowhere.yaml", "--account", "glow-spa"], 1, "nowhere.yaml cannot be read"),
        ([], 1, "there are several accounts"),
        (["--account", "nobody"], 1, "There is no account 'nobody'"),
        (["--account", "glow-spa", "--since", "1h", "--until", "2h"], 1, "since is not before until"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(
    words: list[str], code: int, told: str, shell: Shell
) -> None:
    ran = shell("recipes", "backtest", NAME, *words)

    assert (ran.code, told in ran.err) == (code, True), ran.err


def test_a_file_with_faults_names_each(shell: Shell, changed: Path) -> None:
    changed.write_text(RECIPES[NAME].replace("contact.visits == 0", "contact.vists = 0"))

    ran = shell("recipes", "backtest", NAME, "--file", str(changed), "--account", "glow-spa")

    assert ran.code == 1
    assert "recipes/first-booking.yaml:6:" in ran.err
