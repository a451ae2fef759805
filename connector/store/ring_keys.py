"""Which keys of a ring have sealed something in this database, by their names.

The one rule: a key's name stands here before anything is sealed with it, and nobody writes to the
database without every key that stands here. What a foreign ring seals, its own does not open.
"""

from typing import Final

from sqlalchemy import Connection, inspect, select, text

from ..domain.errors import CannotOpen
from ..domain.sealing import KeyRing
from .engine import Engines
from .ring_tables import ring_keys
from .tables import cards, endpoints, sources
from .writer import Writing

_NAMES: Final = select(ring_keys.c.name).order_by(ring_keys.c.name)
_SEALED: Final = (  # what may stand in a database that noted no keys yet
    select(cards.c.code_sealed).order_by(cards.c.id.desc()).limit(1),
    select(sources.c.secrets_sealed).order_by(sources.c.id).limit(1),
    select(endpoints.c.secrets_sealed).order_by(endpoints.c.id).limit(1),
)
_HELD: Final = text("LOCK TABLE ring_keys IN EXCLUSIVE MODE")


def require_all(engines: Engines, ring: KeyRing) -> bool:
    """Pass where `ring` has every key that sealed something; CannotOpen names those that are missing.

    For a database of any revision, and for one that is not there yet. True where the key that
    seals from now on is noted already.
    """
    if engines.path is not None and not engines.path.exists():
        return False
    with engines.reading() as connection:
        tables = inspect(connection)
        noted = list(connection.execute(_NAMES).scalars()) if tables.has_table(ring_keys.name) else []
        if not noted and tables.has_table(cards.name):
            _require(_sealed_with(connection), ring)
    _require(noted, ring)
    return ring.names[0] in noted


def note(tx: Writing, ring: KeyRing) -> None:
    """Note the key that seals from now on; CannotOpen as above: another ring may have been first."""
    if not tx.is_alone:
        tx.execute(_HELD)  # of two that begin on an empty database, the second sees the first one's key
    noted = list(tx.execute(_NAMES).scalars())
    _require(noted, ring)
    # Of a database from before keys were noted nobody knows which of the ring have sealed something.
    sealing = ring.names if not noted and _sealed_with(tx) else ring.names[:1]
    for name in sealing:
        if name not in noted:
            tx.insert_new(ring_keys, {"name": name, "added_at": tx.wall}, ("name",))


def _sealed_with(connection: Connection | Writing) -> list[str]:
    """The key of one sealed text; none where nothing is sealed yet."""
    for wanted in _SEALED:
        sealed = connection.execute(wanted).scalar()
        if sealed is not None:
            return [sealed.partition(".")[0]]
    return []


def _require(noted: list[str], ring: KeyRing) -> None:
    missing = [name for name in noted if name not in ring.names]
    if missing:
        which = "key" if len(missing) == 1 else "keys"
        raise CannotOpen(
            f"this key ring does not open the database: {which} {', '.join(missing)} sealed what stands in it"
        )
