"""`connector accounts`: made at run time, listed with those of config.toml."""

import pytest

from tests.cli.shell import Shell, shell_in
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
    assert shell("accounts", "clock", "other-shop", "--forward", "1 day").code != 0
