"""A recipe to begin with, by the event that it starts on: a draft, whole, with tests that pass.

One rule: it gives little, to somebody who can be written to, and once; what was for a purchase or a booking
goes back with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..domain.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class _First:
    """`if_` stands beside the condition that there is an e-mail; `given` meets it, `but` does not.

    `undo`: the event that takes back what it gave, where there is one.
    """

    name: str
    title: str
    once_per: str
    amount: str
    if_: str = ""
    given: str = ""
    but: str = ""
    contact: str = ""
    undo: str = ""


_FIRSTS: Final[Mapping[str, _First]] = {
    "booking.completed": _First(
        name="first-visit",
        title="$10 towards the next visit, after the first",
        once_per="contact",
        amount="10.00 USD",
        if_="contact.visits == 1",
        contact="visits: 1",
        but="visits: 2",
    ),
    "booking.created": _First(
        name="first-booking",
        title="$10 for the first booking",
        once_per="contact",
        amount="10.00 USD",
        if_="contact.visits == 0",
        but="visits: 1",
        undo="booking.cancelled",
    ),
    "order.paid": _First(
        name="big-order",
        title="A tenth back for an order of $100 or more",
        once_per="event.order.id",
        amount="${{ percent(10, event.order.total) }}",
        if_="event.order.total >= 100.00 USD",
        given="order: {id: o_1, total: 100.00 USD}",
        but="order: {id: o_2, total: 99.99 USD}",
        undo="order.refunded",
    ),
    "payment.succeeded": _First(
        name="big-payment",
        title="$10 for a payment of $100 or more",
        once_per="event.payment.id",
        amount="10.00 USD",
        if_="event.payment.amount >= 100.00 USD",
        given="payment: {id: p_1, amount: 100.00 USD}",
        but="payment: {id: p_2, amount: 99.99 USD}",
        undo="payment.refunded",
    ),
    "form.submitted": _First(
        name="form-thanks", title="$5 for a form", once_per="contact", amount="5.00 USD"
    ),
    "survey.completed": _First(
        name="answers-thanks", title="$5 for answers", once_per="contact", amount="5.00 USD"
    ),
    "referral.completed": _First(
        name="friend-of-a-friend", title="$10 for whoever was sent by a friend", once_per="contact",
        amount="10.00 USD",
    ),
    "deal.won": _First(
        name="deal-thanks", title="$25 for a new customer", once_per="contact", amount="25.00 USD"
    ),
    "custom.star.created": _First(
        name="star-seen",
        title="A star is noted",
        once_per="contact",
        amount="",
    ),
}  # fmt: skip


def first_recipe(adapter: str, event_type: str) -> str:
    """The text of `<adapter>-<name>.yaml`; ValidationFailed where there is none for such an event."""
    first = _FIRSTS.get(event_type)
    if first is None:
        raise ValidationFailed(f"There is no recipe to begin with for {event_type[:60]}.")
    return _people_s(adapter, event_type, first) if first.amount else _noted(adapter, event_type, first)


def file_of(adapter: str, event_type: str) -> str:
    """The file's name, which has to be the recipe's."""
    return f"{adapter}-{_FIRSTS[event_type].name}.yaml"


def _people_s(adapter: str, event_type: str, first: _First) -> str:
    reachable = "contact.email is not missing"
    conditions = [reachable, *([first.if_] if first.if_ else [])]
    lines = [
        *_head(adapter, event_type, first),
        "if:",
        *(f"  - {one}" for one in conditions),
        f"once_per: {first.once_per}",
        "do:",
        f"  - issue_card: {{amount: {_amount(first)}, expires: 12 months, delivery: email}}",
        *_undo(first),
        "limits:",
        "  budget: 200.00 USD per month        # past it a person decides",
        "tests:",
        "  - name: somebody gets it",
        *_given(event_type, f"email: mia@example.com{_more(first.contact)}", first.given),
        f"    expect: [issue_card: {{amount: {_shown(first)}}}]",
        "  - name: nobody can be written to",
        *_given(event_type, first.contact, first.given),
        "    expect: nothing",
        f"    because: {reachable}",
    ]
    if first.if_:
        told = ("", first.but) if first.given else (_more(first.but), "")
        lines += [
            "  - name: it is not the time",
            *_given(event_type, f"email: mia@example.com{told[0]}", told[1]),
            "    expect: nothing",
            f"    because: {first.if_}",
        ]
    return "\n".join(lines) + "\n"


def _noted(adapter: str, event_type: str, first: _First) -> str:
    """For a platform that knows nobody's address: a message of one's own, and no card."""
    lines = [
        *_head(adapter, event_type, first),
        "if: event.data.sender is not missing",
        "do:",
        "  - send_webhook: {type: custom.starred}",
        "tests:",
        "  - name: somebody stars",
        *_given(event_type, "external_id: '7'", "data: {sender: {id: 7}}"),
        "    expect: [send_webhook: {type: custom.starred}]",
        "  - name: nobody knows who",
        *_given(event_type, "external_id: '7'", ""),
        "    expect: nothing",
        "    because: event.data.sender is not missing",
    ]
    return "\n".join(lines) + "\n"


def _head(adapter: str, event_type: str, first: _First) -> list[str]:
    return [
        f"recipe: {adapter}-{first.name}",
        f"title: {first.title}",
        "status: draft                         # write live once you have read it",
        f"on: {event_type}",
        f"from: {adapter}",
    ]


def _undo(first: _First) -> list[str]:
    if not first.undo:
        return []
    what = first.undo.partition(".")[0]
    return [f"undo: {{on: {first.undo}, same: event.{what}.id, within: 60 days}}   # all that is unspent"]


def _given(event_type: str, contact: str, event: str) -> list[str]:
    parts = [f"contact: {{{contact}}}", *([f"event: {{{event}}}"] if event else [])]
    return [f"    event: {event_type}", f"    given: {{{', '.join(parts)}}}"]


def _more(fields: str) -> str:
    return f", {fields}" if fields else ""


def _amount(first: _First) -> str:
    return f'"{first.amount}"' if "{" in first.amount else first.amount


def _shown(first: _First) -> str:
    """What the test expects: of a tenth of 100.00 the sum itself."""
    return "10.00 USD" if "{" in first.amount else first.amount
