"""The tables of recipes hold by themselves what must never be otherwise."""

import pytest
from sqlalchemy import insert

from connector.domain.errors import Unavailable
from connector.store import tables
from tests.kit.house import House


@pytest.mark.parametrize("changed", [{"kind": "sleep"}, {"journal_sealed": None}, {"account_id": 99}])
def test_a_run_stands_for_a_known_reason_in_an_account(house: House, changed: dict[str, object]) -> None:
    row = {
        "run": "run_1",
        "account_id": house.account.id,
        "kind": "wait",
        "due_at": house.clock.now(),
        "journal_sealed": "x",
        "created_at": house.clock.now(),
    }
    with pytest.raises(Unavailable):
        house.gateway.parts.writer.run(
            lambda tx: tx.execute(insert(tables.standing_runs).values({**row, **changed})) and None
        )
