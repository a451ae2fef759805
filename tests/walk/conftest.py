"""Agencies that several journeys share: each journey opens a business of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.kit.databases import PostgresMaker, SqliteMaker
from tests.walk.agency import FLAT, Agency, Business, Told, an_agency


@pytest.fixture(scope="module")
def agency(sqlite_maker: SqliteMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """Every shipped recipe is live; on SQLite."""
    folder = tmp_path_factory.mktemp("agency")
    with sqlite_maker.fresh(folder) as url, an_agency(folder, url) as found:
        yield found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either_agency(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Agency]:
    """As `agency`, on each kind of database in turn."""
    name = "sqlite_maker" if request.param == "sqlite" else "postgres_maker"
    maker: SqliteMaker | PostgresMaker = request.getfixturevalue(name)
    folder = tmp_path_factory.mktemp("agency")
    with maker.fresh(folder) as url, an_agency(folder, url) as found:
        yield found


@dataclass(frozen=True)
class Telling:
    """How a business's tools tell: through which adapter, in which order, and how often."""

    source: str
    is_twice: bool = False
    is_backwards: bool = False

    def __call__(self, shop: Business, *events: Told) -> None:
        for one in reversed(events) if self.is_backwards else events:
            for _ in range(2 if self.is_twice else 1):
                shop.tell(self.source, **one)


@pytest.fixture(
    params=[
        Telling("standard"),
        Telling("standard", is_twice=True, is_backwards=True),
        *(Telling(name, is_twice=True) for name in FLAT if name != "standard"),
    ],
    ids=lambda how: f"{how.source}{'-twice' * how.is_twice}{'-backwards' * how.is_backwards}",
)
def telling(request: pytest.FixtureRequest) -> Telling:
    """In order by one tool; then everything twice, backwards; then twice by each of the others."""
    found: Telling = request.param
    return found


@pytest.fixture
def shop(agency: Agency, telling: Telling) -> Business:
    return agency.business(sources=(telling.source,))
