"""Spend points: a contact has used some. Never more than they have."""

from dataclasses import dataclass

from ..domain.contacts import Whom
from . import points
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class SpendPoints:
    points: int = field_of("whole", "how many")
    contact_id: Whom | None = field_of("contact", "who spent them", default=None, step="to", is_path=True)
    reason: str | None = field_of("text", "what for, in a few words", default=None)
    reference: str | None = field_of("text", "your own number of it", default=None)


def perform(desk: Desk, command: SpendPoints) -> Outcome:
    """Raises ValidationFailed, NotFound, ContactErased, or InsufficientPoints."""
    count = points.require_points(command.points)
    points.require_texts(command.reason, command.reference)
    contact = points.require_contact(desk, command.contact_id)
    points.require_enough(desk, contact, count)
    line = points.add_line(
        desk, "spend_points", contact, "spent", -count, reason=command.reason, reference=command.reference
    )
    return Outcome(result=line)


OPERATION = Operation(
    name="spend_points",
    title="Spend a contact's points",
    command=SpendPoints,
    perform=perform,
    scope="contacts",
    answer=points.line_answer,
    rest_path="/contacts/{contact_id}/points/spend",
    action="spend-points",
    step="spend_points",
    verb="spend-points",
    gives=("points", "change"),
    give=points.give_line,
)
