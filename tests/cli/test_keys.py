"""`connector keys`: made, listed without secrets, ended."""

import pytest

from connector.domain.errors import Unauthorized
from tests.cli.shell import Shell, shell_in
from tests.kit.house import House


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


def test_a_key_is_shown_once_and_opens_the_door(house: House, shell: Shell) -> None:
    made = shell.done("keys", "create", "glow-spa", "--name", "till", "--json").json

    access = house.gateway.authenticate(made["key"])
    assert access.account.slug == "glow-spa"
    assert made["scopes"] == list(access.scopes) == ["cards:read", "cards:write", "contacts", "events"]
    assert made["key"] not in shell.done("keys", "list", "glow-spa").out
    assert made["key"] not in shell.done("keys", "list", "glow-spa", "--json").out


def test_people_see_the_key_and_are_told_that_it_is_this_once(shell: Shell) -> None:
    ran = shell.done("keys", "create", "glow-spa")

    assert "gck_" in ran.out
    assert ran.err == "The key is shown this once: keep it where only you can read it.\n"


def test_scopes_are_those_that_were_asked_for(shell: Shell) -> None:
    words = ("--scope", "cards:read", "--scope", "cards:reveal")

    assert shell.done("keys", "create", "glow-spa", *words, "--json").json["scopes"] == [
        "cards:read",
        "cards:reveal",
    ]


@pytest.mark.parametrize(
    ("expires", "ends"),
    [("90 days", "2027-02-18T15:00:00Z"), ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z")],
)
def test_a_key_may_end_after_a_span_or_at_a_moment(shell: Shell, expires: str, ends: str) -> None:
    made = shell.done("keys", "create", "glow-spa", "--expires", expires, "--json").json

    assert made["expires_at"] == ends


def test_a_moment_in_the_past_and_one_that_is_none(shell: Shell) -> None:
    past = shell("keys", "create", "glow-spa", "--expires", "2020-01-01T00:00:00Z")
    none = shell("keys", "create", "glow-spa", "--expires", "soon")

    assert (past.code, past.err) == (1, "expires is in the past\n")
    assert none.code == 2
    assert "write '12 months', 2027-01-31 or 2027-01-31T12:00:00Z" in none.err


def test_a_revoked_key_opens_nothing(house: House, shell: Shell) -> None:
    made = shell.done("keys", "create", "glow-spa", "--json").json

    revoked = shell.done("keys", "revoke", "glow-spa", made["id"], "--json").json

    assert revoked["id"] == made["id"] and revoked["revoked_at"] is not None
    with pytest.raises(Unauthorized):
        house.gateway.authenticate(made["key"])


def test_another_account_s_key_cannot_be_revoked_or_seen(shell: Shell) -> None:
    made = shell.done("keys", "create", "other-shop", "--json").json

    ran = shell("keys", "revoke", "glow-spa", made["id"])

    assert ran.code == 1 and "no key" in ran.err
    assert shell.done("keys", "list", "glow-spa", "--json").json == {"data": []}


def test_no_keys_at_all_name_the_next_command(shell: Shell) -> None:
    out = shell.done("keys", "list", "glow-spa").out

    assert out == "glow-spa has no keys. Next: connector keys create glow-spa\n"


def test_a_platform_key_is_made_listed_and_revoked_without_an_account(house: House, shell: Shell) -> None:
    made = shell.done("keys", "create", "--platform", "--name", "agency", "--json").json

    assert made["scopes"] == ["platform"]
    assert house.gateway.authenticate(made["key"]).owner is None
    assert [one["id"] for one in shell.done("keys", "list", "--platform", "--json").json["data"]] == [
        made["id"]
    ]
    assert shell.done("keys", "list", "glow-spa", "--json").json == {"data": []}

    shell.done("keys", "revoke", "--platform", made["id"])
    with pytest.raises(Unauthorized):
        house.gateway.authenticate(made["key"])


def test_a_key_may_be_held_to_networks(house: House, shell: Shell) -> None:
    made = shell.done("keys", "create", "glow-spa", "--allow-ip", "10.0.0.0/8", "--json").json

    assert made["allow_ips"] == ["10.0.0.0/8"]
    assert house.gateway.authenticate(made["key"], "10.1.2.3").key == made["id"]
    wrong = shell("keys", "create", "glow-spa", "--allow-ip", "anywhere")
    assert (wrong.code, "is not a network" in wrong.err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("create",),
        ("create", "glow-spa", "--platform"),
        ("list",),
        ("revoke", "glow-spa"),
        ("revoke", "--platform"),
        ("revoke", "glow-spa", "key_1", "--platform"),
    ],
)
def test_whose_key_it_is_must_be_said_once(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("keys", *words).code == 2


def test_a_platform_key_has_no_scopes_to_choose(shell: Shell) -> None:
    ran = shell("keys", "create", "--platform", "--scope", "admin")

    assert (ran.code, ran.err) == (1, "scopes: a platform key has none\n")
    assert shell.done("keys", "list", "--platform").out.endswith("connector keys create --platform\n")
