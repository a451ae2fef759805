"""`cards export`: rows on standard output or in a file of one's own, that `import` reads again."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from connector.cli.exporting import WARNING
from connector.flows.card_files import FORMATS
from tests.cli.shell import Shell, shell_in
from tests.cli.terminal import on_a_terminal
from tests.kit.house import House
from tests.kit.process import settle


@pytest.fixture
def shell(shop: House) -> Shell:
    return shell_in(shop)


@pytest.fixture
def made(shop: House) -> list[dict[str, Any]]:
    mia = {"email": "mia@example.com", "first_name": "Mia"}
    return [shop.issue(100 + n, note=f"=note {n}", contact=mia) for n in range(3)]


def test_cards_are_printed_as_csv_without_codes(shell: Shell, made: list[dict[str, Any]]) -> None:
    ran = shell.done("cards", "export", "glow-spa")

    header, *lines = ran.out.splitlines()
    assert header.startswith("id,last4,state,currency,balance")
    assert [line.split(",")[0] for line in lines] == [card["id"] for card in made]
    assert ",'=note 0," in lines[0]
    assert all(card["code"] not in ran.out for card in made)
    assert ran.err == "3 cards exported.\n"


def test_json_holds_the_same(shell: Shell, made: list[dict[str, Any]]) -> None:
    array = json.loads(shell.done("cards", "export", "glow-spa", "--format", "json").out)
    lines = shell.done("cards", "export", "glow-spa", "--format", "jsonl").out.splitlines()

    assert array == [json.loads(line) for line in lines]
    assert [one["note"] for one in array] == [card["note"] for card in made]
    assert json.loads(shell.done("cards", "export", "other-shop", "--format", "json").out) == []


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_exported_is_imported_by_another_account(
    shell: Shell, shop: House, made: list[dict[str, Any]], tmp_path: Path, form: str
) -> None:
    file = tmp_path / f"cards.{form}"
    exported = shell.done("cards", "export", "glow-spa", "--codes", "--out", str(file))
    assert exported.err.startswith(WARNING)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    shell.done("cards", "import", "other-shop", str(file))

    for card in made:
        found = shop.gateway.card_by_code(shop.other, card["code"])
        assert (found["balance"], found["note"]) == (card["balance"], card["note"])
    shop.require_proof()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("left", ["", 'gc_01,"half a', "\n"])
def test_an_export_that_was_stopped_goes_on_in_its_file(
    shell: Shell, made: list[dict[str, Any]], tmp_path: Path, form: str, left: str
) -> None:
    whole, stopped = tmp_path / f"whole.{form}", tmp_path / f"stopped.{form}"
    shell.done("cards", "export", "glow-spa", "--out", str(whole))
    text = whole.read_text()
    place = text.index(made[2]["id"])
    begin = text.rindex("\n", 0, place) + 1
    stopped.write_text(text[:begin] + left)

    shell.done("cards", "export", "glow-spa", "--after", made[1]["id"], "--out", str(stopped))

    assert stopped.read_text() == text


def test_a_file_that_is_there_is_never_written_over(
    shell: Shell, made: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "cards.csv"
    file.write_text("mine")

    assert shell("cards", "export", "glow-spa", "--out", str(file)).code == 2
    assert shell("cards", "export", "glow-spa", "--out", str(file), "--after", made[0]["id"]).code == 2
    assert file.read_text() == "mine"


def test_a_file_without_the_card_or_with_other_columns_is_left_alone(
    shell: Shell, made: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "cards.csv"
    shell.done("cards", "export", "glow-spa", "--out", str(file), "--after", made[1]["id"])
    before = file.read_text()

    assert shell("cards", "export", "glow-spa", "--out", str(file), "--after", made[0]["id"]).code == 2
    with_codes = ("--after", made[2]["id"], "--codes")
    assert shell("cards", "export", "glow-spa", "--out", str(file), *with_codes).code == 2
    assert file.read_text() == before


def test_a_card_that_is_not_there_is_told(shell: Shell) -> None:
    ran = shell("cards", "export", "glow-spa", "--after", "gc_" + "0" * 26)

    assert ran.code == 1
    assert "There is no card" in ran.err


def test_json_tells_of_the_file(shell: Shell, made: list[dict[str, Any]], tmp_path: Path) -> None:
    out = tmp_path / "cards.csv"

    told = shell.done("cards", "export", "glow-spa", "--out", str(out), "--json").json

    assert told == {"cards": 3, "format": "csv", "last": made[-1]["id"], "out": str(out)}
    assert shell("cards", "export", "glow-spa", "--json").code == 2


def test_a_terminal_shows_how_many_cards_were_written(tmp_path: Path) -> None:
    place = settle(tmp_path / "shop")
    out = tmp_path / "cards.csv"

    code, lines = on_a_terminal(
        "cards", "export", "glow-spa", "--out", str(out), "--config", str(place.config)
    )

    assert code == 0
    assert "0 cards" in lines[0]
    assert lines[-1] == "0 cards exported."
