"""`cards import`: files in, cards out; every bad row named; a second run goes on or does nothing."""

import contextlib
import hashlib
import io
import re
import stat
from pathlib import Path

import pytest
from rich.console import Console

from connector.cli.importing import MAX_TOLD, Drawn
from connector.flows import importing
from connector.flows.card_files import open_file
from connector.flows.importing import AT_ONCE, Progress
from tests.cli.shell import Shell, shell_in
from tests.cli.terminal import on_a_terminal
from tests.kit.house import House
from tests.kit.process import settle


@pytest.fixture
def shell(shop: House) -> Shell:
    return shell_in(shop)


def a_file(folder: Path, text: str, name: str = "cards.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


GOOD = "code,amount,email\nFIRST-CODE,25.00,mia@example.com\nSECOND-CODE,5,\n"


def test_a_file_is_imported_and_the_second_time_nothing_is_done(
    shell: Shell, shop: House, tmp_path: Path
) -> None:
    file = a_file(tmp_path, GOOD)

    first = shell.done("cards", "import", "glow-spa", file, "--json").json
    again = shell.done("cards", "import", "glow-spa", file)

    assert (first["rows"], first["done"], first["failed"]) == (2, 2, 0)
    assert (first["dry_run"], first["was_done"], first["rejected"]) == (False, False, None)
    assert "was imported already: 2 cards. Nothing was done; --again imports it once more." in again.err
    assert len(shop.cards()) == 2
    assert shop.gateway.card_by_code(shop.account, "first code")["balance"] == 2500
    assert not (tmp_path / "cards.rejected.csv").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cards.json", '[{"code": "FIRST-CODE", "amount": "25.00"}, {"amount": "5"}]'),
        ("cards.jsonl", '{"code": "FIRST-CODE", "amount": "25.00"}\n{"amount": "5"}\n'),
    ],
)
def test_json_is_imported_too(shell: Shell, shop: House, tmp_path: Path, name: str, text: str) -> None:
    ran = shell.done("cards", "import", "glow-spa", a_file(tmp_path, text, name))

    assert ran.err == "2 cards imported.\n"
    assert len(shop.cards()) == 2


def test_a_mended_file_makes_cards_of_the_mended_rows_alone(
    shell: Shell, shop: House, tmp_path: Path
) -> None:
    text = "amount,email\n5.00,mia@example.com\n5;00,kim@example.com\n"
    first = shell("cards", "import", "glow-spa", a_file(tmp_path, text))
    file = a_file(tmp_path, text.replace("5;00", "5.00"))

    tried = shell.done("cards", "import", "glow-spa", file, "--dry-run")
    second = shell.done("cards", "import", "glow-spa", file)
    same = shell.done("cards", "import", "glow-spa", file, "--json")

    assert "1 card imported, 1 row failed; see " in first.err
    assert second.err == (
        f"{file}:2: was imported before, and is skipped\n"
        "1 card imported.\n1 row skipped: imported before; --again takes them too.\n"
    )
    assert tried.err == second.err.replace("1 card imported", "1 card would be imported")
    assert (same.json["done"], same.json["skipped"], same.json["was_done"]) == (1, 1, True)
    assert len(shop.cards()) == 2


def test_again_imports_rows_and_whole_files_once_more(shell: Shell, shop: House, tmp_path: Path) -> None:
    file = a_file(tmp_path, "amount\n5.00\n")
    for _ in range(2):
        shell.done("cards", "import", "glow-spa", file)

    again = shell.done("cards", "import", "glow-spa", file, "--again", "--json").json
    other = a_file(tmp_path, "amount\n5.00\n\n", "other.csv")
    shell.done("cards", "import", "glow-spa", other, "--again")

    assert (again["done"], again["skipped"], again["was_done"]) == (1, 0, False)
    assert len(shop.cards()) == 3


def test_of_many_skipped_rows_the_first_are_named(shell: Shell, tmp_path: Path) -> None:
    text = "amount\n" + "1.00\n" * (MAX_TOLD + 1)
    shell.done("cards", "import", "glow-spa", a_file(tmp_path, text))

    ran = shell.done("cards", "import", "glow-spa", a_file(tmp_path, text + "\n"))

    assert ran.err.count("was imported before") == MAX_TOLD
    assert "1 more row skipped.\n0 cards imported.\n21 rows skipped:" in ran.err


def test_bad_rows_are_named_and_lie_in_a_file_that_can_be_mended(
    shell: Shell, shop: House, tmp_path: Path
) -> None:
    rows = "GOOD-CODE-1,5.00,\nBAD-CODE-2,5;00,\n\nGOOD-CODE-3,6.00,=1+1\nBAD-CODE-4\nGOOD-CODE-5,7.00,\n"
    file = a_file(tmp_path, "code,amount,note\n" + rows)

    ran = shell("cards", "import", "glow-spa", file, "--json")

    assert ran.code == 1
    assert (ran.json["done"], ran.json["failed"]) == (2, 3)
    assert [error["line"] for error in ran.json["errors"]] == [3, 5, 6]
    assert f"{file}:3: amount '5;00' is not an amount: write it like 25.00" in ran.err
    assert f"{file}:6: row has 1 cells, the header has 3" in ran.err
    rejected = tmp_path / "cards.rejected.csv"
    assert ran.json["rejected"] == str(rejected)
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600
    lines = rejected.read_text().splitlines()
    assert lines[0] == "error,code,amount,note"
    assert lines[2].endswith(",GOOD-CODE-3,6.00,'=1+1")

    mended = rejected.read_text().replace("5;00", "5.00").replace("BAD-CODE-4", "BAD-CODE-4,1.00,")
    second = shell.done("cards", "import", "glow-spa", a_file(tmp_path, mended, "mended.csv"))
    assert second.err == "3 cards imported.\n"
    assert len(shop.cards()) == 5


def test_of_many_bad_rows_the_first_are_told(shell: Shell, tmp_path: Path) -> None:
    file = a_file(tmp_path, "amount\n" + "no\n" * (MAX_TOLD + 5))

    ran = shell("cards", "import", "glow-spa", file)

    assert ran.err.count(f"{file}:") == MAX_TOLD
    assert "5 more rows failed." in ran.err
    assert len((tmp_path / "cards.rejected.csv").read_text().splitlines()) == MAX_TOLD + 6


def test_a_dry_run_says_what_would_come_and_keeps_nothing(shell: Shell, shop: House, tmp_path: Path) -> None:
    file = a_file(tmp_path, GOOD + "FIRST-CODE,1.00,\n")

    ran = shell("cards", "import", "glow-spa", file, "--dry-run", "--json")

    assert ran.code == 1
    assert (ran.json["done"], ran.json["failed"], ran.json["dry_run"]) == (2, 1, True)
    assert shop.cards() == []
    assert not (tmp_path / "cards.rejected.csv").exists()
    assert shell("cards", "import", "glow-spa", file).code == 1
    assert len(shop.cards()) == 2


def test_an_import_that_was_stopped_goes_on(shell: Shell, shop: House, tmp_path: Path) -> None:
    text = "amount\n" + "1.00\n" * (AT_ONCE + 1) + "bad\n"
    file = a_file(tmp_path, text)
    house = shop
    digest = hashlib.sha256(text.encode()).hexdigest()
    job = house.gateway.files.take_up(house.account, {}, digest=digest, total=0)

    def stop(_now: Progress) -> None:
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt), Path(file).open("rb") as raw:
        records = open_file(iter(raw), "csv").records
        importing.run(house.gateway.parts, house.account, job, records, is_quiet=False, tell=stop)
    assert len(house.rows("cards")) == AT_ONCE

    ran = shell("cards", "import", "glow-spa", file, "--json")

    assert "Going on behind row 100." in ran.err
    assert (ran.json["done"], ran.json["failed"]) == (AT_ONCE + 1, 1)
    assert len(house.rows("cards")) == AT_ONCE + 1


def test_a_quiet_import_makes_no_webhook(shell: Shell, shop: House, tmp_path: Path) -> None:
    shell.done("cards", "import", "glow-spa", a_file(tmp_path, GOOD), "--quiet")

    assert shop.rows("messages") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [("code,price\n", "price is not a column"), ("", "is empty"), ("code;amount\n", "semicolons")],
)
def test_a_file_that_cannot_be_read_makes_no_job(
    shell: Shell, shop: House, tmp_path: Path, text: str, said: str
) -> None:
    file = a_file(tmp_path, text)

    ran = shell("cards", "import", "glow-spa", file)

    assert ran.code == 1
    assert ran.err.startswith(f"{file}:1: ")
    assert said in ran.err
    assert shop.rows("jobs") == []


def test_wrong_usage_is_told_as_such(shell: Shell, tmp_path: Path) -> None:
    assert shell("cards", "import", "glow-spa", str(tmp_path / "none.csv")).code == 2
    assert shell("cards", "import", "glow-spa", a_file(tmp_path, GOOD, "cards.xlsx")).code == 2
    assert shell("cards", "import", "nobody", a_file(tmp_path, GOOD)).code == 1


def test_on_a_terminal_a_bar_tells_how_many_rows_how_fast_and_how_long_it_will_take() -> None:
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100)

    with Drawn(1_000, console) as bar:
        bar.show(Progress(1_234, 500, []))

    shown = terminal.getvalue()
    assert "50%  1,234 rows, " in shown
    assert "/s" in shown
    assert re.search(r"\d:\d\d:\d\d|-:--:--", shown)


def test_on_a_terminal_the_last_line_stands_below_the_bar(tmp_path: Path) -> None:
    place = settle(tmp_path / "shop")
    words = ("cards", "import", "glow-spa", a_file(tmp_path, "amount\n1.00\nbad\n"))

    code, lines = on_a_terminal(*words, "--config", str(place.config))

    assert code == 1
    assert "100%  2 rows" in lines[-2]
    assert lines[-1].startswith("1 card imported, 1 row failed; see ")


def test_nothing_of_a_file_steers_the_terminal(shell: Shell, tmp_path: Path) -> None:
    ran = shell("cards", "import", "glow-spa", a_file(tmp_path, "amount\n\x1b[31mred\n"))

    assert "\x1b" not in ran.err
