"""What a rehearsed run's steps come to: gifts, points, tags and messages, of which nothing is kept.

The one rule: a deed is refused by the same checks as the real one (operations/issue.py,
giving.py, convert_points.py) wherever these need no more than is known of that moment.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.cards import Card, card_json
from ..domain.contacts import read_person, read_tags
from ..domain.errors import ContactErased, InsufficientPoints, NotFound, RunFailed, ValidationFailed
from ..domain.money import Money, require_currency
from ..domain.programs import Program
from ..domain.transfers import NO_HASH
from ..operations import convert_points, issue, load, points
from ..operations.giving import counted_in, require_below
from ..operations.registry import operations
from ..operations.whom import API_NAMESPACE
from ..recipes.recipe import Action
from ..recipes.tracing import HIDDEN
from ..store import contacts, programs
from ..store.contacts import Contact
from . import notifying
from .performing import ADD_TAG, SEND_WEBHOOK, command_of
from .rehearsal import Deed, NotRebuilt, Rehearsal
from .rehearsed_case import Case
from .rehearsed_gifts import Gift, Made

_ID: Final = "gc_" + "0" * 26
"""Stands where a card's id would: there is none."""

Who = int | str


def _issue(own: Rehearsal, case: Case, run: int, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
    command: Any = _command(action, fields, case)
    owner = None if command.contact_id is None else _named(own, case, command.contact_id)
    return {"card": _give_new(own, case, run, command, owner)}


def _load(own: Rehearsal, case: Case, run: int, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
    command: load.Load = _command(action, fields, case)
    if command.card is not None:
        raise NotRebuilt("`load_card` with a card's id or code: what was on it then is not rebuilt")
    if command.contact_id is None:
        raise ValidationFailed("card or a contact says what to load: name one of the two, and not both")
    owner = _named(own, case, str(command.contact_id))
    card, gift = _loaded(own, case, run, owner, command)
    return {
        "card": card,
        "amount": gift.money,
        "balance": Money(card["balance"], gift.money.currency),
        "transaction": "tr_" + _ID[3:],
    }


def _convert(
    own: Rehearsal, case: Case, run: int, action: Action, fields: dict[str, Any]
) -> Mapping[str, Any]:
    command: convert_points.ConvertPoints = _command(action, fields, case)
    currency = require_currency(command.currency or own.account.currency)
    used, amount = convert_points.worth(command, currency)
    owner = _require_known(own, case, command.contact_id)
    has = _points_of(own, case, owner)
    if used > has:
        raise InsufficientPoints(f"Contact {owner.public_id} has {has} points, {used} asked.")
    if command.load:
        card, _ = _loaded(own, case, run, owner, load.Load(amount=amount, currency=currency))
    else:
        new = issue.Issue(
            amount=amount,
            currency=currency,
            contact_id=owner.public_id,
            expires_at=command.expires_at,
            message=command.message,
        )
        card = _give_new(own, case, run, new, owner)
    own.add_points(owner.id, -used)
    return {"card": card, "points": has - used, "change": -used}


def _add_points(
    own: Rehearsal, case: Case, _run: int, action: Action, fields: dict[str, Any]
) -> Mapping[str, Any]:
    command: Any = _command(action, fields, case)
    count = points.require_points(command.points)
    points.require_texts(command.reason, command.reference)
    owner = _require_known(own, case, command.contact_id)
    has = _points_of(own, case, owner)
    own.add_points(owner.id, count)
    return {"points": has + count, "change": count}


def _add_tag(
    own: Rehearsal, case: Case, _run: int, _action: Action, fields: dict[str, Any]
) -> Mapping[str, Any]:
    [tag] = read_tags([fields["tag"]]) or (None,)
    found = case.person.row if case.person is not None else None
    if fields.get("to") is not None:
        found = _require_known(own, case, fields["to"])
    if tag is None or found is None:
        raise RunFailed("an empty text is no tag" if tag is None else "there is nobody to put the tag on")
    own.add_tag(found.id, tag, case.now)
    return {"tag": tag}


def _send_webhook(
    own: Rehearsal, _case: Case, _run: int, _action: Action, fields: dict[str, Any]
) -> Mapping[str, Any]:
    message_type = str(fields["type"])
    own.say()
    return {"type": message_type}


def _notify(
    own: Rehearsal, _case: Case, _run: int, _action: Action, fields: dict[str, Any]
) -> Mapping[str, Any]:
    """Taken as sent, which backtest_told.py says."""
    own.say()
    via = [*fields["via"], None][0]
    return {"sent": True, "via": via, "why": "", "notification": "ntf_" + _ID[3:]}


DEEDS: Final[Mapping[str, Deed]] = {
    "issue_card": _issue,
    "load_card": _load,
    "convert_points": _convert,
    "add_points": _add_points,
    ADD_TAG.name: _add_tag,
    SEND_WEBHOOK.name: _send_webhook,
    notifying.NAME: _notify,
}
"""By step; every other one looks at cards or changes them, as they were then."""


def _command(action: Action, fields: dict[str, Any], case: Case) -> Any:
    [operation] = [one for one in operations().values() if one.step == action.spec.name]
    return command_of(operation, fields, None if case.person is None else case.person.row)


def _give_new(
    own: Rehearsal, case: Case, run: int, command: issue.Issue, owner: Contact | str | None
) -> dict[str, Any]:
    """A new card, within what its program and the caps allow; as later steps see it."""
    program = None if command.program is None else _program(own, command.program)
    choices = tuple(_program(own, slug) for slug in command.programs or ())
    terms = issue.terms_of(command, program, own.account, case.now, choices)
    require_below(own.caps.per_card, counted_in(own.account.currency, terms.money, own.rates), terms.money)
    made = Made(
        _key(own, owner),
        terms.kind,
        terms.money.currency,
        0,
        terms.expires_at,
        command.usable_at,
        program=command.program,
        programs=tuple(command.programs or ()),
    )
    own.give(Gift(case.event, run, _key(own, owner), terms.money, case.now, made))
    return _card(own, case, made, owner, command)


def _program(own: Rehearsal, slug: str) -> Program:
    found = programs.find(own.connection, own.account.id, slug)
    if found is None:
        raise NotFound(f"There is no program {slug[:80]!r} in this account.")
    return found


def _loaded(
    own: Rehearsal, case: Case, run: int, owner: Contact | str, command: load.Load
) -> tuple[dict[str, Any], Gift]:
    """Onto the newest card that this revision gave and that can be spent, else as a new one."""
    program = None if command.program is None else _program(own, command.program)
    new = issue.Issue(amount=command.amount, currency=command.currency, kind=command.kind)
    terms = issue.terms_of(new, program, own.account, case.now)
    money = terms.money
    like = Made(
        _key(own, owner), terms.kind, money.currency, 0, terms.expires_at, None, program=command.program
    )
    card = own.newest(like, case.now) or like
    whole = Money.total(card.balance + money.minor, money.currency)
    require_below(own.caps.per_card, counted_in(own.account.currency, whole, own.rates), whole)
    gift = Gift(case.event, run, _key(own, owner), money, case.now, card)
    own.give(gift)
    return _card(own, case, card, owner, None), gift


def _card(
    own: Rehearsal, case: Case, made: Made, owner: Contact | str | None, command: issue.Issue | None
) -> dict[str, Any]:
    """The card as later steps see it."""
    shown = Card(
        id=0,
        public_id=_ID,
        account_id=own.account.id,
        currency=made.currency,
        balance=made.balance,
        held=0,
        initial_amount=made.balance,
        last4="0000",
        kind=made.kind,
        source="recipe",
        created_at=case.now,
        updated_at=case.now,
        transfer_count=1,
        head_hash=NO_HASH,
        message_count=1,
        contact=owner.public_id if isinstance(owner, Contact) else None,
        program=None if command is None else command.program,
        programs=() if command is None else tuple(command.programs or ()),
        note=None if command is None else command.note,
        message=None if command is None else command.message,
        usable_at=made.usable_at,
        expires_at=made.expires_at,
    )
    return {**card_json(shown, now=case.now, sandbox=own.account.sandbox), "code": HIDDEN}


def _key(own: Rehearsal, owner: Contact | str | None) -> Who | None:
    if not isinstance(owner, Contact):
        return owner
    own.names[owner.id] = owner.public_id
    return owner.id


def _named(own: Rehearsal, case: Case, name: str) -> Contact | str:
    """Whom a step names, as operations/owners.py; somebody new is known by their e-mail or phone."""
    found = _found(own, case, name)
    if found is not None:
        return found
    if "@" in name or name.startswith("+"):
        kind = "email" if "@" in name else "phone"
        person = read_person(country=own.account.country, **{kind: name})
        if person.email or person.phone:
            return str(person.email or person.phone)
    raise NotFound(f"There is no contact {name[:80]} in this account.")


def _require_known(own: Rehearsal, case: Case, name: Any) -> Contact:
    found = None if name is None else _found(own, case, str(name))
    if found is None:
        raise NotFound("There is no such contact in this account.")
    return found


def _found(own: Rehearsal, case: Case, name: str) -> Contact | None:
    if case.person is not None and name == case.person.row.public_id:
        found: Contact | None = case.person.row
    else:
        found = contacts.find(own.connection, own.account.id, name)
    for kind in ("external_id", "email", "phone"):
        if found is None and not name.startswith("ct_"):
            person = read_person(country=own.account.country, **{kind: name})
            found = contacts.find_by(own.connection, own.account.id, person, API_NAMESPACE)
    if found is not None and found.erased_at is not None:
        raise ContactErased(f"Contact {found.public_id} was erased.")
    return found


def _points_of(own: Rehearsal, case: Case, owner: Contact) -> int:
    if case.person is None or case.person.row.id != owner.id:
        raise NotRebuilt("points of somebody whom the event does not concern: not rebuilt")
    return case.person.points + own.points[owner.id]
