"""Our own messages as events: what the ledger tells can begin a recipe, never in a circle.

The one rule: an event knows by which recipes it came about. None of them begins on it,
and where there are as many as MAX_DEPTH, no other does.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account, Actor
from ..domain.errors import ConnectorError
from ..domain.events import rfc3339
from ..domain.jsontext import read_own
from ..logs import log
from ..operations.kit import Desk
from ..recipes.library import OWN
from ..recipes.recipe import Recipe
from ..store import accounts, contacts, events, runs, starts
from ..store.contacts import Contact
from ..store.starts import Start
from ..store.writer import Writing
from .guesses import Guesser, Lookups
from .parts import Parts
from .payloads import kept_text
from .performing import Happening
from .run import Ended, Run, row_of, run_event
from .schedule_runs import person_of

MAX_DEPTH: Final = 5  # recipes, one after another; nobody follows a longer chain, and a circle has no end
AT_ONCE: Final = 200
TRY_AGAIN: Final = timedelta(minutes=1)  # doubled with every try, up to the longest
LONGEST: Final = timedelta(hours=6)


def run_due(parts: Parts, only: Account | None = None) -> int:
    """Let begin what our messages begin, of all accounts or of one; how many. What fails is tried later."""
    with parts.engines.reading() as connection:
        account_id = None if only is None else only.id
        found = starts.due(connection, parts.clock.now(), AT_ONCE, account_id)
    return sum(_guarded(parts, message) for message in found)


def _guarded(parts: Parts, message: str) -> bool:
    try:
        return parts.writer.run(partial(_begin, parts, message))
    except ConnectorError as error:
        log.error("message_left", message=message, error=error.code)
    except Exception as fault:  # noqa: BLE001 - a poisonous message must not stop the others
        log.error("message_left", message=message, error=type(fault).__name__)
    parts.writer.run(partial(_postpone, message))
    return False


def _postpone(message: str, tx: Writing) -> None:
    tries = starts.tries(tx, message)
    starts.postpone(tx, message, tx.wall + min(TRY_AGAIN * 2 ** min(tries, 20), LONGEST))


def _begin(parts: Parts, message: str, tx: Writing) -> bool:
    """The message as an event, and every run that it begins, in one transaction; False: somebody did it."""
    start = starts.take(tx, message)
    if start is None:
        return False
    account = accounts.by_id(tx, start.account_id)
    if not parts.library.current.begins_on(account.slug, start.type):  # any more
        return True
    desk = parts.desk(tx, account, Actor("recipe"))
    listening = parts.library.current.for_event(start.type, account.slug, OWN, OWN)
    happening = _kept_event(parts, desk, start)
    stopped = {one.name: reason for one in listening if (reason := _stopped(start, one)) is not None}
    ended = [(one, stopped[one.name]) for one in listening if one.name in stopped]
    runs.add_all(tx, [_skipped(desk, happening, recipe, reason) for recipe, reason in ended])
    run_event(parts, tx, account, happening, None, frozenset(stopped))
    return True


def _stopped(start: Start, recipe: Recipe) -> str | None:
    """Why this recipe must not begin on the message; None where it may."""
    if recipe.name in start.chain:
        way = " → ".join((*start.chain, recipe.name))
        return f"a circle: {start.run or 'time'} sent this message, which came about by this recipe ({way})"
    if len(start.chain) >= MAX_DEPTH:
        way = " → ".join(start.chain)
        return f"{len(start.chain)} recipes began one another ({way}), and {MAX_DEPTH} are the most"
    return None


def _skipped(desk: Desk, happening: Happening, recipe: Recipe, reason: str) -> dict[str, Any]:
    run = Run(ids.new_id(ids.RUN, desk.tx.wall), recipe, happening)
    log.info("run", run=run.id, recipe=recipe.name, outcome="skipped")
    return row_of(desk.account, run, Ended("skipped", reason, None, [], {}))


def _kept_event(parts: Parts, desk: Desk, start: Start) -> Happening:
    tx, account = desk.tx, desk.account
    contact = _contact(desk, start)
    public_id = ids.new_id(ids.EVENT, tx.wall)
    text = kept_text(
        {
            "id": public_id,
            "type": start.type,
            "occurred_at": rfc3339(start.at),
            "source": OWN,
            "adapter": OWN,
            "account": account.slug,
            "contact": None if contact is None else person_of(contact),
            "caused_by": {
                "message": start.message,
                "run": start.run,
                "recipes": list(start.chain),
                "depth": len(start.chain),
            },
            "data": start.data,
        }
    )
    row = events.add_own(
        tx,
        public_id=public_id,
        account_id=account.id,
        contact_id=None if contact is None else contact.id,
        event_type=start.type,
        occurred_at=start.at,
        envelope=text,
    )
    assert row is not None  # its id is new
    lookups = Lookups(parts.guesses)
    lookups.start(Guesser(""))
    envelope = read_own(text)
    return Happening(row, public_id, start.type, envelope, contact, OWN, OWN, lookups, chain=start.chain)


def _contact(desk: Desk, start: Start) -> Contact | None:
    """Whose card it is, or whom the message names, or the run that sent it; locked, None: nobody's."""
    named = start.contact or _named(start.data)
    if named is None and start.run is not None:
        run = runs.find(desk.tx, desk.account.id, start.run)
        named = None if run is None else run.contact
    found = None if named is None else contacts.find(desk.tx, desk.account.id, named)
    held = None if found is None else contacts.lock(desk.tx, found)
    return None if held is None or held.erased_at is not None else held


def _named(data: Any) -> str | None:
    whom = data.get("contact") if isinstance(data, Mapping) else None
    found = whom.get("id") if isinstance(whom, Mapping) else None
    return found if isinstance(found, str) else None
