"""Cards that are good for one of several programs: which one, their first use or their holder chooses, once.

The one rule: until then no program's rules hold but those that all of them share, and it is of none.
"""

from collections.abc import Sequence
from typing import Final

from ..domain.cards import Card
from ..domain.errors import Conflict, NotFound
from ..domain.programs import Program
from ..store import funds, programs
from .kit import Desk, wrong

CHOSEN: Final = "choose_program"
"""What the audit trail calls it."""

MOST: Final = 50  # nobody chooses among more on a page; each is looked at when the card is made


def require_there(desk: Desk, slug: str) -> Program:
    """The account's program of this name. NotFound."""
    found = programs.find(desk.tx, desk.account.id, slug)
    if found is None:
        raise NotFound(f"There is no program {slug[:80]!r} in this account.")
    return found


def require_offered(desk: Desk, slug: str) -> Program:
    """As `require_there`, of which cards are issued now. Conflict."""
    found = require_there(desk, slug)
    if not found.is_active:
        raise Conflict(f"The program {found.slug} is not active: no card of it is issued.")
    return found


def require_choices(desk: Desk, slugs: Sequence[str] | None) -> tuple[Program, ...]:
    """The programs that a new card may choose among; none where it may not. ValidationFailed."""
    if slugs is None:
        return ()
    if not 2 <= len({*slugs}) <= MOST:
        raise wrong("programs", f"are 2 to {MOST} different ones: of a single one it is by program")
    found = tuple(require_offered(desk, slug) for slug in dict.fromkeys(slugs))
    for one in found:
        # A card of none yet counts in no program's day and draws on none's funds: a way round both.
        if one.per_day or funds.find(desk.tx, desk.account.id, one.slug, one.currency) is not None:
            raise wrong("programs", f"may not have {one.slug}: it has a per_day or prepaid funds of its own")
    if len({(one.currency, one.kind) for one in found}) > 1:
        raise wrong("programs", "must be of one currency and one kind, which the card has from the start")
    return found


def require_program(card: Card, program: str | None) -> bool:
    """Whether a use of the card at `program` (None: none was told) binds it to that.

    ValidationFailed where it is none of the card's choices, Conflict where the card is of another one.
    """
    if card.programs:
        if program not in card.programs:
            choices = ", ".join(card.programs)
            raise wrong("program", f"must be one of {choices}: the first use binds the card to it")
        return True
    if program not in (None, card.program):
        whose = "no program" if card.program is None else f"the program {card.program}"
        raise Conflict(f"Card {card.public_id} is of {whose}, not of {str(program)[:80]}.")
    return False


def bind(desk: Desk, card: Card, program: str | None) -> Card:
    """The card, locked, as it is used at `program`: bound to it from here on, where it could still choose."""
    if not require_program(card, program):
        return card
    values = {"program": program, "programs": ()}
    return desk.change(CHOSEN, card, values, ("gift_card.updated",))
