"""The step `notify`: a person is written by e-mail or text message, by the first way that leads to them.

The one rule: a person who cannot be reached fails no run. The step's result says `sent: false`, and why.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..domain import ids
from ..domain.cards import Card, require_alive
from ..domain.errors import RunFailed
from ..domain.notifications import WAYS
from ..domain.steps import StepField, StepSpec
from ..operations import delivering
from ..operations.kit import Desk
from ..store import gifts
from ..store.contacts import Contact

NAME: Final = "notify"


def spec(letters: Collection[str]) -> StepSpec:
    """How recipes write it; `letters` closes the set of templates, none of them leaves it open."""
    return StepSpec(
        name=NAME,
        title="Write to a person by e-mail or text message",
        fields=(
            StepField(
                "via", "texts", required=True, choices=WAYS, help="email, sms, or both as they are preferred"
            ),
            StepField("template", "text", required=True, choices=tuple(sorted(letters)), help="the letter"),
            StepField("to", "contact", help="whom; the event's contact if left out"),
            StepField(
                "card", "card", help="the card that it speaks of; the one that the run gave if left out"
            ),
        ),
        gives=("sent", "via", "why", "notification"),
    )


@dataclass(frozen=True, slots=True)
class Met:
    """What the run is about: its id, whose event, the card of a schedule over cards, the event itself."""

    run: str
    contact: Contact | None
    card: Mapping[str, Any] | None
    envelope: Mapping[str, Any]


def notify(desk: Desk, fields: Mapping[str, Any], met: Met) -> Mapping[str, Any]:
    """Write the notification; RunFailed for a letter that cannot be written."""
    template, asked = str(fields["template"]), list(fields["via"])
    letter = desk.post.letters.get(template)
    if letter is None:
        raise RunFailed(f"there is no template {template[:60]!r}")
    named = fields.get("to")
    whom = met.contact if named is None else desk.find_contact(named)
    card = _card(desk, fields.get("card"), met)
    why = "there is nobody to write to" if whom is None else ""
    for way in asked if whom is not None else ():
        if way not in letter.ways:
            why = f"template {template} has no {'text message' if way == 'sms' else 'e-mail'}"
            continue
        if way in letter.of_card and card is None:
            raise RunFailed(f"template {template} speaks of a card, and the run gave none: write `card:`")
        if not delivering.can_go(desk, way):
            why = f"nothing is set up that sends {way}"
            continue
        found = delivering.addressee(desk, way, None, whom)
        if found is not None:
            return _written(desk, found, way, template, card, met.run)
        why = f"the contact has no {'phone' if way == 'sms' else 'email'}"
    return {"sent": False, "via": None, "why": why, "notification": None}


def _written(
    desk: Desk, whom: delivering.Addressee, way: str, template: str, card: Card | None, run: str
) -> Mapping[str, Any]:
    if card is not None:
        require_alive(card.life, card.public_id, desk.now)
    name = delivering.write_to(desk, whom, way, template, card=card, run=run)
    if card is not None and desk.account.sandbox:
        told = {"delivery": {"via": way, "simulated": True, "notification_id": name}}
        types = ("gift_card.delivered",)
        desk.change("notify", card, {"delivered_at": desk.now}, types, extra=told)
    return {"sent": True, "via": way, "why": None, "notification": name}


def _card(desk: Desk, named: str | None, met: Met) -> Card | None:
    """The card that is named, else that the run gave, that its schedule is at, or that its event tells of."""
    told = met.envelope.get("data")
    of_event = told.get("gift_card") if isinstance(told, Mapping) else None
    found = named or gifts.last_card(desk.tx, met.run) or _id_of(met.card) or _id_of(of_event)
    if found is not None and _id_of({"id": found}) is None:  # a code would be a guess that nobody counts
        raise RunFailed("`card` of notify is a card's id, such as `${{ previous.card }}`")
    return None if found is None else desk.require_card(found)


def _id_of(told: Any) -> str | None:
    name = told.get("id") if isinstance(told, Mapping) else None
    return name if isinstance(name, str) and name.startswith(f"{ids.CARD}_") else None
