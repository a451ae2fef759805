"""The table of keys holds names, each once."""

import pytest
from sqlalchemy import insert

from connector.domain.errors import Unavailable
from connector.store import tables
from connector.store.ring_tables import ring_keys
from connector.store.writer import Writer
from tests.kit.clock import FixedClock


def test_a_key_stands_there_once(writer: Writer, clock: FixedClock) -> None:
    row = {"name": "ab12cd34", "added_at": clock.now()}
    writer.run(lambda tx: tx.execute(insert(ring_keys).values(row)) and None)

    with pytest.raises(Unavailable):
        writer.run(lambda tx: tx.execute(insert(ring_keys).values(row)) and None)

    assert tables.metadata.tables["ring_keys"] is ring_keys
