"""Fresh databases and whole gateways; no test shares a port, a file or a clock with another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import acceptance
from tests.kit.databases import PostgresMaker, SqliteMaker
from tests.kit.house import House, open_house
from tests.kit.receiver import Recorder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A run of everything ends with what of the acceptance lines is tested."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        terminalreporter.section("acceptance lines (docs/acceptance.md)")
        for line in acceptance.of_this_project():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def sqlite_maker(tmp_path_factory: pytest.TempPathFactory) -> SqliteMaker:
    return SqliteMaker(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_maker() -> Iterator[PostgresMaker]:
    maker = PostgresMaker()
    yield maker
    maker.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of its own, of each kind in turn."""
    name = "sqlite_maker" if request.param == "sqlite" else "postgres_maker"
    maker: SqliteMaker | PostgresMaker = request.getfixturevalue(name)
    with maker.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_maker: SqliteMaker, tmp_path: Path) -> Iterator[str]:
    with sqlite_maker.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A whole gateway, on SQLite and on PostgreSQL."""
    built = open_house(tmp_path, database_url)
    yield built
    built.gateway.close()


@pytest.fixture
def receiver() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder
