"""`connector runs`: why something happened or did not, and what a person decides."""

import pytest

from tests.cli.shell import Shell, printed, shell_in
from tests.kit.happened import held_run
from tests.kit.house import House


@pytest.fixture
def shell(shop: House) -> Shell:
    return shell_in(shop)


def booked(shop: House, number: str = "b-1") -> str:
    told = shop.tell(type="booking.created", booking_id=number, email="mia@example.com").body
    return str(told["runs"][0]["id"])


def test_runs_are_listed_and_filtered(shop: House, shell: Shell) -> None:
    first, second = booked(shop), booked(shop, "b-2")
    listed = shell.done("runs", "list", "glow-spa", "--json").json["data"]

    assert [run["id"] for run in listed] == [second, first]
    words = (
        "runs",
        "list",
        "glow-spa",
        "--outcome",
        "done",
        "--recipe",
        "first-booking",
        "--source",
        "standard",
    )
    assert [run["id"] for run in shell.done(*words, "--json").json["data"]] == [first]
    assert first in shell.done(*words).out
    assert shell.done(*words, "--since", "2027-01-01T00:00:00Z").out == "No run of glow-spa is like that.\n"
    page = shell.done("runs", "list", "glow-spa", "--limit", "1")
    cursor = page.err.strip().removeprefix("There are more: --cursor ")
    assert first in shell.done("runs", "list", "glow-spa", "--limit", "1", "--cursor", cursor).out
    assert shell("runs", "list", "glow-spa", "--outcome", "paid").code == 2
    assert shell("runs", "list", "no-shop").code == 1


def test_a_run_is_shown_line_by_line(shop: House, shell: Shell) -> None:
    shop.tell(type="booking.completed", booking_id="b-0", email="mia@example.com")
    run = booked(shop)

    out = shell.done("runs", "show", "glow-spa", run).out

    assert out.splitlines() == [
        run,
        "first-booking not_matched: `contact.visits == 0` does not hold",
        "decided at recipes/first-booking.yaml:6:5",
        "recipes/first-booking.yaml:6  no     contact.visits == 0",
        "                                     contact.visits = 1",
    ]
    assert shell.done("runs", "show", "glow-spa", run, "--json").json["id"] == run
    assert shell("runs", "show", "other-shop", run).code == 1


@pytest.mark.parametrize(("word", "outcome"), [("approve", "done"), ("refuse", "skipped")])
def test_a_person_decides(shop: House, shell: Shell, word: str, outcome: str) -> None:
    run = held_run(shop)

    told = printed(shell.done("runs", word, "glow-spa", run, "--note", "she asked", "--json"))

    assert (told["id"], told["outcome"]) == (run, outcome)
    [row] = shop.rows("audit", subject=run)
    assert (row["note"], row["origin"]) == ("she asked", {"command": f"runs {word}"})
    again = shell("runs", word, "glow-spa", run)
    assert (again.code, again.out) == (1, "")
    assert "there is nothing to decide" in again.err


def test_a_run_goes_again_and_nothing_twice(shop: House, shell: Shell) -> None:
    shop.tell(type="booking.completed", booking_id="b-0", email="zoe@example.com")
    missed = shop.tell(type="booking.created", booking_id="b-9", email="zoe@example.com").body["runs"][0][
        "id"
    ]
    told = printed(shell.done("runs", "replay", "glow-spa", missed, "--with", "today", "--json"))
    assert (told["outcome"], told["replays"]) == ("not_matched", missed)
    assert "not_matched" in shell.done("runs", "replay", "glow-spa", missed, "--with", "same").out

    done = shell("runs", "replay", "glow-spa", booked(shop), "--with", "same")
    assert (done.code, "cannot go again" in done.err or "has done it" in done.err) == (1, True)
    assert shell("runs", "replay", "glow-spa", missed).code == 2
    assert len(shop.cards()) == 1


def test_a_run_is_printed_as_a_test_for_its_recipe(shop: House, shell: Shell) -> None:
    ran = shell.done("runs", "test", "glow-spa", booked(shop))

    assert ran.out.splitlines()[1:] == [
        "    event: booking.created",
        "    given:",
        '      now: "2026-11-20T15:00:00Z"',
        '      timezone: "America/New_York"',
        '      contact: {visits: 0, id: "ct_test"}',
        "    expect:",
        "      - issue_card: {amount: 25.00 USD}",
    ]
    assert "below `tests:` in recipes/first-booking.yaml" in ran.err
    refused = shell("runs", "test", "glow-spa", booked(shop, "b-2"))
    assert (refused.code, "a test knows nothing of limits" in refused.err) == (1, True)
