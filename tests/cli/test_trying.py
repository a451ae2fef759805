"""`connector recipes try`: the whole trace for one event, by its id or from a file; nothing is changed."""

import json
from pathlib import Path

import pytest

from connector.cli.trying import MAX_FILE_BYTES
from tests.cli.shell import Shell, shell_in
from tests.kit.house import House

EVENT = {
    "type": "booking.created",
    "contact": {"email": "new@example.com"},
    "booking": {"id": "b-7"},
    "account": "glow-spa",
}


@pytest.fixture
def shell(shop: House) -> Shell:
    return shell_in(shop)


def test_a_kept_event_is_tried_line_by_line_and_nothing_changes(shop: House, shell: Shell) -> None:
    told = shop.tell(type="booking.created", booking_id="b-1", email="mia@example.com").body
    before = shop.everything()

    out = shell.done("recipes", "try", "first-booking", "--event", told["events"][0]["id"]).out

    assert out.splitlines()[:3] == [
        "first-booking shadow",
        "recipes/first-booking.yaml:6  yes    contact.visits == 0",
        "                                     contact.visits = 0",
    ]
    assert "recipes/first-booking.yaml:9  would  issue_card" in out
    assert "amount: 25.00 USD" in out
    assert shop.everything() == before


@pytest.mark.parametrize("from_stdin", [False, True])
def test_a_file_s_event_is_tried(shop: House, shell: Shell, tmp_path: Path, from_stdin: bool) -> None:
    before = shop.everything()
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENT))
    name, stdin = ("-", file.read_bytes()) if from_stdin else (str(file), b"")

    found = shell.done("recipes", "try", "first-booking", "--event", name, "--json", stdin=stdin).json

    assert (found["outcome"], found["wants"], found["reason"]) == ("shadow", True, None)
    assert shop.everything() == before


def test_an_event_that_the_recipe_does_not_want_is_said_to_be_one(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"type": "order.paid"}))

    ran = shell.done("recipes", "try", "first-booking", "--event", str(file), "--account", "glow-spa")

    assert ran.out.startswith("first-booking failed: ")
    assert "does not listen to this event" in ran.err


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("first-booking", "{}", 2, "--account"),
        ("first-booking", '{"account": "glow-spa", "type": "nonsense"}', 1, "type"),
        ("first-booking", '{"account": "glow-spa", "type": "booking.creatd"}', 1, "mean `booking.created`?"),
        ("first-booking", "[]", 1, "event.json: "),
        ("first-booking", '{"type": ', 1, "event.json: "),
        ("first-booking", "x" * (MAX_FILE_BYTES + 1), 2, "bytes"),
        ("first-bookin", json.dumps(EVENT), 1, "Did you mean first-booking?"),
    ],
)
def test_what_cannot_be_tried_says_why(
    shell: Shell, tmp_path: Path, name: str, text: str, code: int, said: str
) -> None:
    file = tmp_path / "event.json"
    file.write_text(text)

    ran = shell("recipes", "try", name, "--event", str(file))

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_what_is_not_there_is_said(shop: House, shell: Shell, tmp_path: Path) -> None:
    for event in ("evt_" + "0" * 26, str(tmp_path / "none.json")):
        assert shell("recipes", "try", "first-booking", "--event", event).code == 1
    told = shop.tell(type="booking.created", booking_id="b-1", email="mia@example.com").body
    elsewhere = shell(
        "recipes", "try", "first-booking", "--event", told["events"][0]["id"], "--account", "other-shop"
    )
    assert elsewhere.code == 1
