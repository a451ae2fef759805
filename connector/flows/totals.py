"""What an event adds to a contact's totals, as facts: pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from ..domain.events import BOOKING_STATES, Event
from ..domain.keys_kept import kept
from ..domain.money import Money
from ..store.facts import RENAMED, Fact

_RANK: Final = {state: rank for rank, state in enumerate(BOOKING_STATES)}


def facts_of(event: Event, *, counts_spend: bool) -> list[Fact]:
    """The facts an event states; `counts_spend` is False where another source tells of the same sales."""
    if event.booking is not None and event.type.startswith("booking."):
        state = event.type.removeprefix("booking.")
        at = event.booking.ends_at or event.booking.starts_at
        rank = rank_of(state, event.version)
        facts = [Fact("booking", event.own_booking, state, event.occurred_at, rank, at=at)]
        if event.replaces is not None:  # its place was taken: it never takes place itself
            gone = Fact("booking", event.replaces, "cancelled", event.occurred_at, _RANK["cancelled"])
            facts.append(replace(gone, detail={RENAMED: event.new_names}))
        return facts
    if event.type == "points.earned" and event.points is not None:
        return [Fact("points", _award(event, event.points), "earned", event.occurred_at, amount=event.points)]
    sale = _sale(event)
    return [sale] if sale is not None and counts_spend else []


def rank_of(state: str, version: int = 0) -> int:
    """Which telling of a booking is the newest of one moment: by the platform's count, then by the state."""
    return version * len(_RANK) + _RANK[state]


def version_of(rank: int) -> int:
    """The platform's count that a rank was made of."""
    return rank // len(_RANK)


def _award(event: Event, points: int) -> str:
    """What an award is known again by: two of one moment and number are two, where their sender tells so.

    Of what that said only a digest stands there: it may be an address.
    """
    if event.key is not None:
        return event.key
    alike = alike_awards(event.type, event.occurred_at, points)
    return alike if event.award is None else f"{alike}:{kept(event.award)}"


def alike_awards(event_type: str, at: datetime, points: int) -> str:
    """What all awards without a key of one moment and number begin with (`store/past.unkeyed_points`)."""
    return f"{event_type}:{at.isoformat()}:{points}"


def sales_of(event: Event) -> tuple[str, str] | None:
    """What facts call that which a refund is of; None: it does not say. An order and an invoice may be 7."""
    if event.refund is None or event.refund.of is None:
        return None
    names = ("order", "order") if event.type == "order.refunded" else ("payment", "invoice")
    return f"{names[0]}:{event.refund.of}", f"{names[1]}:{event.refund.of}"


def _sale(event: Event) -> Fact | None:
    """One sale for each id. An invoice and the payments that name it, or its order, are one, each a part."""
    if event.type == "invoice.paid" and event.invoice is not None:
        whole = f"invoice:{event.invoice.order_id or event.invoice.id}"
        return _money("sale", whole, event.invoice.total, event.occurred_at, part_of=whole)
    if event.type == "order.paid" and event.order is not None:
        return _money("sale", f"order:{event.order.id}", event.order.total, event.occurred_at)
    if event.type == "payment.succeeded" and event.payment is not None:
        invoice = event.payment.invoice_id or event.payment.order_id
        part_of = f"invoice:{invoice}" if invoice else None
        subject = f"payment:{event.payment.id}"
        return _money("sale", subject, event.payment.amount, event.occurred_at, part_of=part_of)
    if event.type in ("payment.refunded", "order.refunded") and event.refund is not None:
        return _money("refund", event.refund.id, event.refund.amount, event.occurred_at)
    return None


def _money(
    kind: str, subject: str, amount: Money | None, at: datetime, *, part_of: str | None = None
) -> Fact | None:
    if amount is None:
        return None
    return Fact(kind, subject, "told", at, amount=amount.minor, currency=amount.currency, part_of=part_of)
