"""Agencies that several journeys share: each journey opens a business of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from tests.kit.databases import PostgresMaker, SqliteMaker
from tests.walk.agency import Agency, Business, Told, an_agency, made_live


@pytest.fixture(scope="module")
def agency(sqlite_maker: SqliteMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """Every shipped recipe is live; on SQLite."""
    folder = tmp_path_factory.mktemp("agency")
    with sqlite_maker.fresh(folder) as url, an_agency(folder, url) as found:
        yield found


@pytest.fixture(scope="module")
def quiet_agency(sqlite_maker: SqliteMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """Without the recipes that are due by themselves: months pass at once."""
    folder = tmp_path_factory.mktemp("quiet")
    quiet = {name: text for name, text in made_live().items() if "schedule:" not in text}
    with sqlite_maker.fresh(folder) as url, an_agency(folder, url, quiet) as found:
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

    def __str__(self) -> str:
        return f"{self.source}{'-twice' * self.is_twice}{'-backwards' * self.is_backwards}"

    def __call__(self, shop: Business, *events: Told) -> None:
        for one in reversed(events) if self.is_backwards else events:
            for _ in range(2 if self.is_twice else 1):
                shop.tell(self.source, **one)


IN_ORDER: Final = Telling("standard")
SHUFFLED: Final = Telling("standard", is_twice=True, is_backwards=True)


@pytest.fixture(
    params=[
        IN_ORDER,
        SHUFFLED,
        Telling("zapier", is_twice=True),
    ],
    ids=str,
)
def telling(request: pytest.FixtureRequest) -> Telling:
    """In order by one tool; everything twice, backwards; then twice by a tool that names each record."""
    found: Telling = request.param
    return found


@pytest.fixture
def shop(agency: Agency, telling: Telling) -> Business:
    return agency.business(sources=(telling.source,))
