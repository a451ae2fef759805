"""Add points: a contact has earned some. Who is described and not known yet is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import points
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class AddPoints:
    points: int = field_of("whole", "how many")
    contact_id: str | None = field_of("contact", "who earned them", default=None, step="to", is_path=True)
    contact: Mapping[str, Any] | None = field_of(
        "mapping", "or who, by external_id, email or phone; made if new", default=None, step=""
    )
    reason: str | None = field_of("text", "what for, in a few words", default=None)
    reference: str | None = field_of("text", "your own number of it", default=None)


def perform(desk: Desk, command: AddPoints) -> Outcome:
    """Raises ValidationFailed, NotFound, ContactErased, or CapReached above what one contact may have."""
    count = points.require_points(command.points)
    points.require_texts(command.reason, command.reference)
    contact = points.require_or_make(desk, command.contact_id, command.contact)
    line = points.add_line(
        desk, "add_points", contact, "earned", count, reason=command.reason, reference=command.reference
    )
    return Outcome(result=line)


OPERATION = Operation(
    name="add_points",
    title="Add points to a contact",
    command=AddPoints,
    perform=perform,
    scope="contacts",
    answer=points.line_answer,
    rest_path="/contacts/{contact_id}/points/earn",
    action="add-points",
    step="add_points",
    verb="add-points",
    gives=("points", "change"),
    give=points.give_line,
)
