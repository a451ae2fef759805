"""The daily seal: made once a day, and written to the log, which is kept elsewhere than the database."""

from ..ledger import seals
from ..ledger.seals import Seal
from ..logs import log
from ..store.writer import Writing
from .parts import Parts


def seal(parts: Parts) -> Seal | None:
    """Today's seal (UTC): made now, or the one that this day has already.

    In two transactions: money waits for the first, which is short, and not for the second.
    """
    until = parts.writer.run(seals.newest_line)

    def work(tx: Writing) -> Seal | None:
        return seals.seal(tx, parts.ring, until)

    made = parts.writer.run(work)
    if made is not None:
        log.info("ledger sealed", **made.as_json())
        return made
    with parts.engines.reading() as connection:
        return seals.newest(connection)
