"""`connector accounts`: made at run time, listed with those of config.toml."""

from pathlib import Path
from typing import Any

import pytest

from connector.cli.accounts import moved
from tests.cli.shell import Shell, shell_in
from tests.flows.making import a_house, a_schedule
from tests.kit.deeds import make_sandbox
from tests.kit.house import House


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


def test_an_account_is_made_and_used_at_once(house: House, shell: Shell) -> None:
    made = shell.done(
        *("accounts", "create", "new-shop", "--name", "New Shop", "--currency", "EUR"),
        *("--timezone", "Europe/Berlin", "--country", "DE", "--sandbox", "--json"),
    ).json

    assert (made["slug"], made["name"], made["currency"], made["sandbox"]) == (
        *("new-shop", "New Shop", "EUR"),
        True,
    )
    assert house.gateway.account("new-shop").timezone == "Europe/Berlin"
    assert shell.done("keys", "create", "new-shop", "--json").json["key"]


def test_a_slug_alone_is_enough(shell: Shell) -> None:
    made = shell.done("accounts", "create", "new-shop").out

    assert "new-shop" in made and "USD" in made


def test_an_account_is_changed_and_the_rest_of_it_stays(house: House, shell: Shell) -> None:
    shell.done("accounts", "create", "new-shop", "--email", "kim@example.com", "--color", "#102030")

    changed = shell.done(
        *("accounts", "update", "new-shop", "--name", "Newer Shop", "--timezone", "Europe/Berlin"),
        *("--email", "", "--logo-url", "https://example.com/logo.png", "--json"),
    ).json

    assert (changed["name"], changed["timezone"], changed["email"]) == ("Newer Shop", "Europe/Berlin", None)
    assert (changed["color"], changed["logo_url"]) == ("#102030", "https://example.com/logo.png")
    assert house.gateway.account("new-shop").name == "Newer Shop", "in force at once"
    assert "Newer Shop" in shell.done("accounts", "update", "new-shop", "--country", "DE").out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("new-shop",), 2, "Nothing to change."),
        (("new-shop", "--currency", "EUR"), 2, "--currency"),
        (("new-shop", "--email", "nobody"), 1, "email: "),
        (("new-shop", "--color", "red"), 1, "color: "),
        (("new-shop", "--timezone", "Mars/Olympus"), 1, "timezone: "),
        (("glow-spa", "--name", "Other"), 1, "config.toml"),
        (("no-shop", "--name", "Other"), 1, "no account"),
    ],
)
def test_what_cannot_be_changed_is_told(shop: House, words: tuple[str, ...], code: int, told: str) -> None:
    shell = shell_in(shop)
    shell.done("accounts", "create", "new-shop")

    refused = shell("accounts", "update", *words)

    assert refused.code == code
    assert told in refused.err


def test_all_accounts_are_listed(shell: Shell) -> None:
    shell.done("accounts", "create", "new-shop")

    data = shell.done("accounts", "list", "--json").json["data"]

    assert [(one["slug"], one["managed_by"]) for one in data] == [
        ("glow-spa", "config"),
        ("new-shop", "api"),
        ("other-shop", "config"),
    ]
    assert "Glow Spa" in shell.done("accounts", "list").out


def test_what_is_wrong_is_one_sentence(shell: Shell) -> None:
    taken = shell("accounts", "create", "glow-spa")
    currency = shell("accounts", "create", "new-shop", "--currency", "XYZ")

    assert (taken.code, taken.err) == (1, "There is an account glow-spa already.\n")
    assert currency.code == 1
    assert currency.err.startswith("currency: ")


def test_a_sandboxs_clock_is_moved(house: House, shell: Shell) -> None:
    make_sandbox(house)

    told = shell.done("accounts", "clock", "glow-spa", "--forward", "90 days", "--json").json
    words = shell.done("accounts", "clock", "glow-spa", "--forward", "PT1H").out

    assert (told["now"], told["is_there"]) == ("2027-02-18T15:00:00Z", True)
    assert "2027-02-18T16:00:00Z" in words and "nothing was due" in words
    assert told["drafts"] == [] and "drafts" not in words
    assert shell("accounts", "clock", "other-shop", "--forward", "1 day").code != 0


def test_a_clock_is_moved_all_the_way_however_many_calls_it_takes() -> None:
    asked: list[object] = []
    answers = iter(
        [
            {"now": "a", "is_there": False, "left_s": 70, "did": {"runs": 2}, "drafts": ["win-back"]},
            {"now": "b", "is_there": False, "left_s": 1, "did": {}, "drafts": []},
            {"now": "c", "is_there": True, "left_s": 0, "did": {"expiry": 1, "runs": 1}, "drafts": ["x"]},
        ]
    )

    def advance(by: object) -> dict[str, Any]:
        asked.append(by)
        return next(answers)

    stops: list[str] = []
    told = moved(advance, "P90D", stops.append)

    assert (asked, stops) == (["P90D", 70, 1], ["a", "b"])
    assert (told["now"], told["did"], told["drafts"]) == ("c", {"expiry": 1, "runs": 3}, ["win-back", "x"])


def test_a_newcomer_who_moves_the_clock_is_told_of_drafts(tmp_path: Path, sqlite_url: str) -> None:
    draft = a_schedule("win-back").replace("status: live", "status: draft")
    with a_house(tmp_path, sqlite_url, draft) as house:
        make_sandbox(house)

        words = shell_in(house).done("accounts", "clock", "glow-spa", "--forward", "2 days").out

    assert "Not run, for they are drafts: win-back. Next: write `status: live`" in words
