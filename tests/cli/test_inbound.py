"""`connector inbound`: what platforms sent, and again after a mend."""

import pytest

from tests.cli.shell import Shell, printed, shell_in
from tests.kit.happened import parked_delivery
from tests.kit.house import House


@pytest.fixture
def shell(shop: House) -> Shell:
    shop.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    shop.tell(type="custom.unheard", id="u-1")
    return shell_in(shop)


def test_deliveries_are_listed_and_filtered(shop: House, shell: Shell) -> None:
    listed = shell.done("inbound", "list", "glow-spa", "--json").json["data"]
    assert [one["status"] for one in listed] == ["ignored", "processed"]

    words = ("inbound", "list", "glow-spa", "--recipe", "first-booking", "--outcome", "done")
    assert [one["id"] for one in shell.done(*words, "--json").json["data"]] == [listed[1]["id"]]
    assert listed[1]["id"] in shell.done(*words).out
    assert shell.done(*words, "--status", "rejected").out == "No inbound delivery of glow-spa is like that.\n"
    [contact] = shop.rows("contacts")
    mine = shell.done("inbound", "list", "glow-spa", "--contact-id", contact["public_id"], "--json").json
    assert [one["id"] for one in mine["data"]] == [listed[1]["id"]]
    assert "There are more: --cursor " in shell.done("inbound", "list", "glow-spa", "--limit", "1").err


def test_pages_are_turned(shell: Shell) -> None:
    first = shell.done("inbound", "list", "glow-spa", "--limit", "1", "--json").json
    words = ("--limit", "1", "--cursor", first["next_cursor"], "--json")
    second = shell.done("inbound", "list", "glow-spa", *words).json

    assert first["data"][0]["id"] != second["data"][0]["id"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("words", [("--status", "lost"), ("--outcome", "paid"), ("--limit", "0")])
def test_a_filter_that_cannot_be_is_wrong_usage(words: tuple[str, ...], shell: Shell) -> None:
    assert shell("inbound", "list", "glow-spa", *words).code == 2


def test_a_delivery_is_shown_with_what_it_said_and_no_proof(shop: House, shell: Shell) -> None:
    delivery = shell.done("inbound", "list", "glow-spa", "--json").json["data"][1]["id"]

    shown = shell.done("inbound", "show", "glow-spa", delivery, "--json")

    assert "b-1" in shown.out and "mia@example.com" in shown.out
    assert [run["outcome"] for run in shown.json["runs"]] == ["done"]
    assert "webhook-signature" not in shown.out
    assert "mia@example.com" in shell.done("inbound", "show", "glow-spa", delivery).out
    assert shell("inbound", "show", "other-shop", delivery).code == 1
    assert shell("inbound", "show", "glow-spa", "dlv_nothing").code == 1


def test_one_that_was_given_up_runs_again_and_one_that_ran_does_not(shop: House, shell: Shell) -> None:
    parked = parked_delivery(shop)

    again = printed(shell.done("inbound", "replay", "glow-spa", parked, "--json"))

    assert (again["id"], again["status"]) == (parked, "ignored")
    assert shell("inbound", "replay", "glow-spa", parked).code == 1
