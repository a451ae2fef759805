"""`connector endpoints`: subscribed, listed without secrets, deleted."""

import pytest

from tests.cli.shell import Shell, shell_in
from tests.kit.house import House
from tests.kit.receiver import Recorder


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


def test_an_endpoint_gets_what_happens_from_now_on(house: House, shell: Shell, receiver: Recorder) -> None:
    made = shell.done("endpoints", "create", "glow-spa", receiver.url, "--json").json

    house.issue()
    house.gateway.dispatch()

    assert [one.header("webhook-id")[:4] for one in receiver.requests] == ["msg_"]
    assert made["event_types"] == ["*"] and made["url"] == receiver.url
    assert made["secret"].startswith("whsec_")


def test_it_gets_the_types_that_were_named_only(house: House, shell: Shell, receiver: Recorder) -> None:
    words = ("--type", "gift_card.redeemed", "--type", "custom.*")
    made = shell.done("endpoints", "create", "glow-spa", receiver.url, *words, "--json").json

    house.issue()
    house.gateway.dispatch()

    assert made["event_types"] == ["gift_card.redeemed", "custom.*"]
    assert receiver.requests == []


def test_the_secret_is_shown_once(shell: Shell, receiver: Recorder) -> None:
    ran = shell.done("endpoints", "create", "glow-spa", receiver.url)

    assert "whsec_" in ran.out and "this once" in ran.err
    assert "whsec_" not in shell.done("endpoints", "list", "glow-spa").out
    assert "whsec_" not in shell.done("endpoints", "list", "glow-spa", "--json").out


def test_a_type_of_nobody_s_is_wrong_usage(shell: Shell) -> None:
    ran = shell("endpoints", "create", "glow-spa", "https://example.com/", "--type", "gift_card.eaten")

    assert ran.code == 2
    assert "'gift_card.eaten' is no message type" in ran.err


def test_an_address_inside_the_network_is_refused_with_the_reason(shell: Shell) -> None:
    ran = shell("endpoints", "create", "glow-spa", "http://10.0.0.1/")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("url: ")


def test_a_deleted_endpoint_is_gone(shell: Shell, receiver: Recorder) -> None:
    made = shell.done("endpoints", "create", "glow-spa", receiver.url, "--json").json

    gone = shell.done("endpoints", "delete", "glow-spa", made["id"], "--json").json

    assert gone == {"id": made["id"], "deleted": True}
    assert shell.done("endpoints", "list", "glow-spa", "--json").json == {"data": []}
    assert shell("endpoints", "delete", "glow-spa", made["id"]).code == 1


def test_another_account_s_endpoint_cannot_be_deleted(shell: Shell, receiver: Recorder) -> None:
    made = shell.done("endpoints", "create", "other-shop", receiver.url, "--json").json

    assert shell("endpoints", "delete", "glow-spa", made["id"]).code == 1
    assert len(shell.done("endpoints", "list", "other-shop", "--json").json["data"]) == 1


def test_no_endpoints_name_the_next_command(shell: Shell) -> None:
    assert "Next: connector endpoints create glow-spa" in shell.done("endpoints", "list", "glow-spa").out


def test_an_endpoint_is_changed_paused_rotated_and_tried(shell: Shell, receiver: Recorder) -> None:
    words = ("--header", "X-Key: one two", "--program", "gold", "--rate-limit", "5", "--ordering", "card")
    made = shell.done("endpoints", "create", "glow-spa", receiver.url, *words, "--json").json
    which = ("glow-spa", made["id"])
    assert (made["filter"], made["rate_limit"], made["ordering"]) == ({"program": ["gold"]}, 5, "card")
    assert list(made["headers"]) == ["x-key"]

    changed = shell.done("endpoints", "update", *which, "--concurrency", "9", "--type", "ping", "--json").json
    assert (changed["concurrency"], changed["event_types"], changed["rate_limit"]) == (9, ["ping"], 5)
    assert shell.done("endpoints", "pause", *which, "--json").json["status"] == "paused"
    assert shell.done("endpoints", "ping", *which, "--json").json["status"] == 200
    assert receiver.requests[0].header("x-key") == "one two"
    assert (
        shell.done("endpoints", "enable", *which, "--backlog", "drop", "--json").json["status"] == "enabled"
    )
    turned = shell.done("endpoints", "rotate", *which, "--overlap", "60", "--json").json
    assert turned["secret"] != made["secret"] and len(turned["secrets"]) == 2
    assert "whsec_" not in shell.done("endpoints", "show", *which).out


@pytest.mark.parametrize("words", [("--header", "no colon"), ("--ordering", "time"), ("--rate-limit", "x")])
def test_an_option_that_is_none_is_wrong_usage(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("endpoints", "create", "glow-spa", "https://example.com/", *words).code == 2
