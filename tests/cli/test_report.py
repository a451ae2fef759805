"""`connector report`: tables for people, CSV and JSON for programs, as of any past moment."""

import csv
import io
from datetime import timedelta

import pytest

from connector.cli import report
from tests.cli.shell import Shell, shell_in
from tests.kit.house import House

EVERY = ("liability", "redemptions", "recipes", "contacts", "contacts-with-balance", "funding")


@pytest.fixture
def shell(shop: House) -> Shell:
    card = shop.issue(2500, contact={"email": "mia@example.com", "first_name": "=Mia"})
    shop.redeem(card["id"], 700)
    return shell_in(shop)


@pytest.mark.parametrize("verb", EVERY)
def test_the_same_rows_are_a_table_json_and_csv(shell: Shell, verb: str) -> None:
    told = shell.done("report", verb, "glow-spa", "--json").json
    rows = list(csv.DictReader(io.StringIO(shell.done("report", verb, "glow-spa", "--csv").out)))
    table = shell.done("report", verb, "glow-spa")

    assert len(rows) == len(told["data"])
    assert told["data"] or verb == "recipes"
    assert table.err.startswith(f"{told['report']}: ")
    if not told["data"]:
        assert table.out == "There is nothing to tell in recipes.\n"


def test_sums_are_written_with_their_currency_and_counts_are_not(shell: Shell) -> None:
    out = shell.done("report", "redemptions", "glow-spa").out

    assert "7.00 USD" in out and "0.00 USD" in out
    assert "1.00 USD" not in out and "0.01 USD" not in out


def test_a_past_moment_and_its_parts(shop: House, shell: Shell) -> None:
    shop.clock.forward(timedelta(days=400))
    words = ("report", "liability", "glow-spa", "--json", "--by", "age", "--by", "source")

    now = shell.done(*words).json
    then = shell.done(*words, "--as-of", "2026-11-20T15:00:00Z").json

    assert [row["age"] for row in now["data"]] == ["1-2 years"]
    assert [row["age"] for row in then["data"]] == ["0-90 days"]
    assert shell.done(*words, "--as-of", "2026-11-20T14:59:59Z").json["data"] == []


def test_a_day_is_a_past_moment_too_and_today_is_now(shell: Shell) -> None:
    words = ("report", "liability", "glow-spa", "--json", "--as-of")

    assert shell.done(*words, "2026-11-20").json["data"]
    assert shell.done(*words, "2026-11-19").json["data"] == []
    assert shell(*words, "2026-11-21").err == "as_of is a moment that has not come yet\n"
    spent = shell.done("report", "redemptions", "glow-spa", "--json", "--since", "2026-11-20").json
    assert spent["data"]


def test_every_contact_is_printed_however_many_pages(
    shop: House,
    shell: Shell,
    request: pytest.FixtureRequest,
) -> None:
    for number in range(report.PAGE + 1):
        shop.issue(100, contact={"email": f"kai{number}@example.com"})

    told = shell.done("report", "contacts", "glow-spa", "--json").json

    assert len(told["data"]) == report.PAGE + 2
    assert "'=Mia" in shell.done("report", "contacts", "glow-spa", "--csv").out


@pytest.mark.parametrize(
    "words",
    [
        ("liability", "glow-spa", "--as-of", "12 months"),
        ("liability", "glow-spa", "--as-of", "yesterday"),
        ("liability", "glow-spa", "--by", "colour"),
        ("recipes", "glow-spa", "--as-of", "2026-11-20T15:00:00Z"),
        ("liability",),
    ],
)
def test_wrong_words_are_wrong_usage(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("report", *words).code == 2


def test_what_cannot_be_told_is_said(shell: Shell) -> None:
    assert shell("report", "liability", "nobody").code == 1
    ran = shell("report", "liability", "glow-spa", "--as-of", "2999-01-01T00:00:00Z")
    assert (ran.code, ran.err) == (1, "as_of is a moment that has not come yet\n")
