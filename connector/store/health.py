"""Whether the database can be written right now, and whether its tables are ours."""

from typing import Final

from sqlalchemy import text

from ..domain.errors import OutcomeUnknown, Unavailable
from .engine import Engines
from .migrate import current, newest
from .writer import Writer

_SAME_AGAIN: Final = text("UPDATE alembic_version SET version_num = version_num")


def is_writable(writer: Writer) -> bool:
    """Whether a commit reaches the disk: one that changes nothing does.

    It goes with the writes that others make at this moment, so a busy gateway is not
    taken for a dead one, and a full disk is not taken for a healthy one.
    """
    try:
        writer.run(lambda tx: tx.execute(_SAME_AGAIN) and None)
    except (Unavailable, OutcomeUnknown):
        return False
    return True


def is_current(engines: Engines) -> bool:
    """Whether every migration has been applied, and none that we do not know."""
    try:
        return current(engines) == newest()
    except Unavailable:
        return False
