"""`connector events`: what happened, and again."""

import pytest

from tests.cli.shell import Shell, printed, shell_in
from tests.kit.house import House


@pytest.fixture
def shell(shop: House) -> Shell:
    shop.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    shop.tell(type="custom.unheard", id="u-1")
    return shell_in(shop)


def test_events_are_listed_and_filtered(shell: Shell) -> None:
    listed = shell.done("events", "list", "glow-spa", "--json").json["data"]
    assert [one["type"] for one in listed] == ["custom.unheard", "booking.created"]

    words = ("events", "list", "glow-spa", "--recipe", "first-booking", "--outcome", "done")
    assert [one["id"] for one in shell.done(*words, "--json").json["data"]] == [listed[1]["id"]]
    assert listed[1]["id"] in shell.done(*words).out
    assert shell.done(*words, "--type", "order.paid").out == "No event of glow-spa is like that.\n"
    assert "There are more: --cursor " in shell.done("events", "list", "glow-spa", "--limit", "1").err


def test_an_event_is_shown_whole(shell: Shell) -> None:
    event = shell.done("events", "list", "glow-spa", "--json").json["data"][1]["id"]

    shown = shell.done("events", "show", "glow-spa", event, "--json").json

    assert (shown["data"]["booking_id"], shown["runs"][0]["outcome"]) == ("b-1", "done")
    assert "mia@example.com" in shell.done("events", "show", "glow-spa", event).out
    assert shell("events", "show", "other-shop", event).code == 1


def test_an_event_goes_again_and_nothing_twice(shop: House, shell: Shell) -> None:
    unheard, booked = (one["id"] for one in shell.done("events", "list", "glow-spa", "--json").json["data"])

    told = printed(shell.done("events", "replay", "glow-spa", booked, "--json"))

    assert (told["event_id"], [run["outcome"] for run in told["runs"]]) == (booked, ["already_done"])
    assert "already_done" in shell.done("events", "replay", "glow-spa", booked).out
    nobody = shell.done("events", "replay", "glow-spa", unheard)
    assert nobody.out.splitlines()[-1] == "No live or shadow recipe wants this event today."
    assert len(shop.cards()) == 1
