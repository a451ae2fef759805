"""A house on SQLite alone, for verbs whose rows are the same everywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.house import House, open_house


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    built = open_house(tmp_path, sqlite_url)
    yield built
    built.gateway.close()
