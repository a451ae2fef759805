"""No database under a ring that is not its own: each key that sealed something is known by its name."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, select

from connector.domain.accounts import Account
from connector.domain.errors import CannotOpen
from connector.domain.sealing import KeyRing
from connector.store import accounts, ring_keys
from connector.store.engine import Engines, open_engines
from connector.store.ring_tables import ring_keys as table
from connector.store.writer import Writer, open_writer
from tests.kit.clock import FixedClock
from tests.kit.databases import PostgresMaker
from tests.store.making import KEY

OLD, NEW, FOREIGN = KEY, bytes(range(1, 33)), bytes(32)


def ring(*keys: bytes) -> KeyRing:
    return KeyRing(keys)


def noted(engines: Engines) -> list[str]:
    with engines.reading() as connection:
        return list(connection.execute(select(table.c.name).order_by(table.c.name)).scalars())


def note(writer: Writer, *keys: bytes) -> None:
    writer.run(lambda tx: ring_keys.note(tx, ring(*keys)))


def test_the_first_ring_is_any_and_from_then_on_no_other_is(engines: Engines, writer: Writer) -> None:
    assert not ring_keys.require_all(engines, ring(OLD)), "its key is not noted yet"
    note(writer, OLD)

    assert ring_keys.require_all(engines, ring(OLD))
    for act in (lambda: ring_keys.require_all(engines, ring(FOREIGN)), lambda: note(writer, FOREIGN)):
        with pytest.raises(CannotOpen, match=rf"key {ring(OLD).names[0]} sealed"):
            act()
    assert noted(engines) == ring(OLD).names


@pytest.mark.parametrize("left", [(OLD,), (NEW,)], ids=["old without new", "new without old"])
def test_after_a_rotation_neither_key_goes_without_the_other(
    engines: Engines, writer: Writer, left: Sequence[bytes]
) -> None:
    """Row 170 of the threats: cards of either key are there."""
    note(writer, OLD)
    assert not ring_keys.require_all(engines, ring(NEW, OLD)), "the new one is not noted yet"
    note(writer, NEW, OLD)

    with pytest.raises(CannotOpen, match="does not open the database"):
        ring_keys.require_all(engines, ring(*left))
    assert ring_keys.require_all(engines, ring(NEW, OLD))
    assert ring_keys.require_all(engines, ring(OLD, NEW)), "a node that is not rotated yet"


def test_a_key_that_is_only_ready_is_not_one_that_sealed(engines: Engines, writer: Writer) -> None:
    note(writer, OLD, NEW)

    assert ring_keys.require_all(engines, ring(OLD))


def test_a_database_that_noted_no_keys_is_known_by_what_is_sealed_in_it(
    engines: Engines, writer: Writer, account: Account
) -> None:
    assert not ring_keys.require_all(engines, ring(FOREIGN)), "nothing is sealed yet"
    writer.run(
        lambda tx: accounts.put_source(
            tx,
            ring(OLD),
            account,
            slug="in",
            adapter="zapier",
            secrets=["s"],
            settings={},
            managed_by="config",
        )
    )

    assert not ring_keys.require_all(engines, ring(OLD))
    with pytest.raises(CannotOpen):
        ring_keys.require_all(engines, ring(FOREIGN))
    assert ring_keys.require_all(engines, ring(NEW, OLD)) is False


def test_of_a_database_from_before_every_key_of_the_ring_may_have_sealed_something(
    engines: Engines, writer: Writer, account: Account
) -> None:
    """A rotation that came before keys were noted, or with it: the older key stays as needful."""
    told: dict[str, Any] = {
        "slug": "in",
        "adapter": "zapier",
        "secrets": ["s"],
        "settings": {},
        "managed_by": "config",
    }
    writer.run(lambda tx: accounts.put_source(tx, ring(OLD), account, **told))

    note(writer, NEW, OLD)

    with pytest.raises(CannotOpen):
        ring_keys.require_all(engines, ring(NEW))
    assert ring_keys.require_all(engines, ring(NEW, OLD))


def test_a_key_whose_row_was_taken_out_is_asked_for_no_more(engines: Engines, writer: Writer) -> None:
    """What docs/operating.md says of a key that is gone for good."""
    note(writer, OLD)
    note(writer, NEW, OLD)
    writer.run(lambda tx: tx.execute(delete(table).where(table.c.name == ring(OLD).names[0])) and None)

    assert ring_keys.require_all(engines, ring(NEW))


def test_of_two_rings_that_begin_at_once_one_is_refused(database_url: str, clock: FixedClock) -> None:
    """Two nodes on an empty database, whose operator gave them different keys."""

    def begin(key: bytes) -> bool:
        engines = open_engines(database_url)
        writer = open_writer(engines, clock)
        try:
            note(writer, key)
            return True
        except CannotOpen:
            return False
        finally:
            writer.close()
            engines.dispose()

    with ThreadPoolExecutor(2) as pool:
        begun = list(pool.map(begin, (OLD, NEW)))

    engines = open_engines(database_url)
    assert sorted(begun) == [False, True]
    assert len(noted(engines)) == 1
    engines.dispose()


def test_an_empty_database_opens_to_anybody(postgres_maker: PostgresMaker) -> None:
    engines = open_engines(postgres_maker.empty())

    assert not ring_keys.require_all(engines, ring(FOREIGN))
    engines.dispose()
