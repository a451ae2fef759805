"""The daily seal leaves the database: by the log, and by whoever asks."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector import logs
from connector.ledger import seals
from tests.kit.crowd import PATIENCE_S, Crowd, at_once
from tests.kit.databases import PostgresMaker
from tests.kit.house import House, open_house
from tests.kit.pauses import Gate, Pauses


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


def test_sealed_by_many_at_once_a_day_has_one_seal_and_all_are_shown_it(house: House) -> None:
    house.issue(2500)

    ended = at_once([house.gateway.seal] * 6)

    assert [one.error for one in ended] == [None] * 6
    assert len({one.value for one in ended}) == 1
    assert len(house.rows("seals")) == 1
    house.require_proof()


def test_money_moves_while_a_seal_is_being_made(postgres_maker: PostgresMaker, tmp_path: Path) -> None:
    """On SQLite there is one writer, whatever it writes."""
    pauses, gate = Pauses(), Gate()
    with postgres_maker.fresh(tmp_path) as url:
        house = open_house(tmp_path, url, pause=pauses)
        card = house.issue(2500)["id"]
        pauses.at("seals.heads_read", gate)
        sealing = Crowd([house.gateway.seal])
        assert gate.reached.wait(PATIENCE_S)

        assert house.redeem(card, 100).status == 200

        gate.open()
        [sealed] = sealing.wait()
        assert sealed.value is not None and sealed.value.last_transfer == 1
        house.require_proof()
        house.gateway.close()


def test_whoever_comes_late_over_midnight_follows_the_seal_that_was_made_meanwhile(house: House) -> None:
    parts = house.gateway.parts
    house.issue(2500)
    until = parts.writer.run(seals.newest_line)
    house.issue(300)
    first = house.gateway.seal()
    assert parts.writer.run(lambda tx: seals.seal(tx, parts.ring, until)) is None, "this day has one"

    house.clock.forward(timedelta(days=1))
    late = parts.writer.run(lambda tx: seals.seal(tx, parts.ring, until))

    assert first is not None and late is not None
    assert (late.previous_root, late.last_transfer, late.heads) == (first.root, first.last_transfer, 0)
    house.require_proof()
