"""`connector audit`: who changed what."""

import pytest

from tests.cli.shell import Shell, shell_in
from tests.kit.house import House


@pytest.fixture
def shell(shop: House) -> Shell:
    return shell_in(shop)


def test_changes_are_listed_and_filtered(shop: House, shell: Shell) -> None:
    card = shop.issue()["id"]
    made = shell.done("endpoints", "create", "glow-spa", "https://hooks.example.com/?k=s3cret", "--json").json
    shell.done("endpoints", "delete", "glow-spa", made["id"])

    listed = shell.done("audit", "list", "glow-spa", "--json")
    rows = listed.json["data"]
    assert [(row["act"], row["subject"]) for row in rows] == [
        ("delete_endpoint", made["id"]),
        ("create_endpoint", made["id"]),
        ("issue", card),
    ]
    assert rows[0]["origin"] == {"command": "endpoints delete"}
    assert made["secret"] not in listed.out and "s3cret" not in listed.out

    told = shell.done("audit", "list", "glow-spa", "--type", "gift_card")
    assert card in told.out and "key_id: key_test" in told.out and made["id"] not in told.out
    by_command = shell.done("audit", "list", "glow-spa", "--actor", "endpoints create", "--json").json
    assert [row["act"] for row in by_command["data"]] == ["create_endpoint"]
    nothing = shell.done("audit", "list", "glow-spa", "--subject", "glow-spa/till")
    assert nothing.out == "No change in glow-spa is like that.\n"
    assert "There are more: --cursor " in shell.done("audit", "list", "glow-spa", "--limit", "1").err


def test_what_was_done_to_the_platforms_keys_is_listed_beside_the_accounts(shop: House, shell: Shell) -> None:
    made = shell.done("keys", "create", "--platform", "--json").json

    told = shell.done("audit", "list", "--platform", "--json").json["data"]
    assert [(row["act"], row["subject"], row["origin"]) for row in told] == [
        ("create_key", made["id"], {"command": "keys create"})
    ]
    nothing = shell.done("audit", "list", "--platform", "--actor", "nobody")
    assert nothing.out == "No change in the platform is like that.\n"
    assert shell("audit", "list").code == 2
    assert shell("audit", "list", "glow-spa", "--platform").code == 2


def test_an_account_that_is_not_there_and_a_type_that_is_none_are_refused(shell: Shell) -> None:
    assert shell("audit", "list", "nobody").code == 1
    assert shell("audit", "list", "glow-spa", "--type", "cards").code == 2
