"""The daily seal leaves the database: by the log, and by whoever asks."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connector import logs
from tests.kit.house import House


def test_a_seal_is_written_to_the_log_once(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    house.issue(2500)

    made = house.gateway.seal()
    again = house.gateway.seal()

    assert made is not None and made == again
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    [sealed] = [line for line in told if line["event"] == "ledger sealed"]
    assert {name: sealed[name] for name in made.as_json()} == made.as_json()


def test_the_next_day_has_its_own_and_takes_up_the_one_before(house: House) -> None:
    house.issue(2500)
    first = house.gateway.seal()
    house.clock.forward(timedelta(days=1))
    house.issue(300)
    second: Any = house.gateway.seal()

    assert first is not None
    assert (second.previous_root, second.heads) == (first.root, 1)
    assert second.day > first.day
    house.require_proof()
