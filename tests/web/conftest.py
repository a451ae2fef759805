"""Doors to a whole gateway."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.house import House, open_house
from tests.web.door import Door, door_of


@pytest.fixture
def door(house: House) -> Door:
    """On SQLite and on PostgreSQL."""
    return door_of(house)


@pytest.fixture
def sqlite_house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    built = open_house(tmp_path, sqlite_url)
    yield built
    built.gateway.close()


@pytest.fixture
def quick_door(sqlite_house: House) -> Door:
    """On SQLite alone, for what never reaches a row."""
    return door_of(sqlite_house)
