"""A place to serve from, on each kind of database in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.databases import PostgresMaker
from tests.kit.process import Place, settle


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield settle(tmp_path)
        return
    maker: PostgresMaker = request.getfixturevalue("postgres_maker")
    with maker.fresh(tmp_path) as url:
        yield settle(tmp_path, url)
