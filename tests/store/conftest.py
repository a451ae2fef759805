"""A migrated database of each kind with its writer, and an account in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.accounts import Account
from connector.domain.sealing import KeyRing
from connector.store.engine import Engines, open_engines
from connector.store.writer import DirectWriter, GroupWriter, open_writer
from tests.kit.clock import FixedClock
from tests.kit.databases import PostgresMaker
from tests.store.making import KEY, make_account


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing([KEY])


@pytest.fixture
def engines(database_url: str) -> Iterator[Engines]:
    opened = open_engines(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def writer(engines: Engines, clock: FixedClock) -> Iterator[GroupWriter | DirectWriter]:
    opened = open_writer(engines, clock)
    yield opened
    opened.close()


@pytest.fixture
def account(writer: GroupWriter | DirectWriter) -> Account:
    return writer.run(lambda tx: make_account(tx, "glow-spa"))


@pytest.fixture
def other(writer: GroupWriter | DirectWriter) -> Account:
    return writer.run(lambda tx: make_account(tx, "other-shop"))


@pytest.fixture
def postgres_url(postgres_maker: PostgresMaker, tmp_path: Path) -> Iterator[str]:
    with postgres_maker.fresh(tmp_path) as url:
        yield url
