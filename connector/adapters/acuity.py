"""Acuity Scheduling: static and dynamic webhooks, posted as forms.

https://developers.acuityscheduling.com/docs/webhooks

- Signature: `x-acuity-signature`, base64 HMAC-SHA256 over the form as it came. The key is an API key, as
  text: the account owner's for webhooks of the settings page, its maker's for those made by API.
- Replay: no age in the signature; the deliveries that can happen once are remembered for ever.
- Delivery id: none of its own. An appointment is made and cancelled once, an order completed once:
  `action` and `id`. It can be moved again with the very same body, so a rescheduling's are remembered
  for ten minutes only.
- Event types: scheduled, rescheduled, canceled, order.completed (order.paid). `changed` comes beside each of
  the others and is passed over.
- Look-up: the body has ids alone. With a `credential`, `<user id>:<API key>`, `GET /appointments/{id}` and
  `GET /orders/{id}` say the rest: person, times, price. An appointment that it says is canceled is so,
  whatever action came late or again; a canceled one that is marked `noShow` was missed. Either is told once.
- Person: looked up, by e-mail and phone.
- Money: looked up; decimal text without a currency, so the source's.
- Time zone: looked up, with an offset without a colon; a change's own moment is that of receipt.
- Retries: for 24 hours after a 5xx or no answer; after 5 days of failures the hook is switched off.
- Known limits: without a credential there is no person, no time and no sum. There is no "completed" event;
  it is derived from the end that was looked up.
- How sure: vendor documentation and its own libraries; retries second-hand. No published signature
  vector: the test's comes from openssl.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain.contacts import Trust, read_person
from ..domain.events import Booking, Event, Order, end_key
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.signing import base64_of, hmac_sha256, require_match
from . import kit, lookups
from .reading import missing, moment, money, text, whole

HEADER: Final = "x-acuity-signature"
API: Final = "https://acuityscheduling.com/api/v1"
CHANGED: Final = "changed"
_STATUSES: Final = {"scheduled": "created", "rescheduled": "rescheduled", "canceled": "cancelled"}
_PREFIX: Final = "appointment."  # as the events are named where a webhook is made by API


def verify(request: Request, source: Source) -> None:
    """Pass if the signature fits one of the API keys."""
    expected = [base64_of(hmac_sha256(key, request.body)) for key in kit.keys_of(source)]
    require_match([request.headers.get(HEADER, "")], expected)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """Action and id; weak where the same may truly happen again. () where there is neither."""
    body = kit.known_fields(verified)
    own = kit.named_keys(verified, body)
    action, told_id = _action(body), str(body.get("id") or "").strip()
    if not (action and told_id):
        return own
    return (*own, kit.Key(kit.key(action, told_id).text, weak=action in ("rescheduled", CHANGED)))


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    action = _action(body)
    if not action:
        raise missing("No Acuity event", ["action", "id"], body)
    if action not in _STATUSES and action != "order.completed":
        return []
    told_id = text(body.get("id"), "id")
    if told_id is None:
        raise missing(f"No id for {action}", ["id"], body)
    at = verified.request.received_at
    if action == "order.completed":
        return [Event(type="order.paid", occurred_at=at, data=body, order=Order(told_id))]
    status = _STATUSES[action]
    return [Event(type=f"booking.{status}", occurred_at=at, data=body, booking=Booking(told_id, status))]


def ask(event: Event, source: Source, credential: str) -> lookups.Ask | None:
    """The appointment or the order itself."""
    base = lookups.api_url(source, API)
    proof = "Basic " + base64_of(credential.encode())
    if event.booking is not None:
        return lookups.Ask(
            f"{base}/appointments/{lookups.path_part(event.booking.id, 'id')}", {"authorization": proof}
        )
    if event.order is not None:
        return lookups.Ask(
            f"{base}/orders/{lookups.path_part(event.order.id, 'id')}", {"authorization": proof}
        )
    return None


def complete(event: Event, told: Mapping[str, Any], source: Source) -> Event:
    """The event with person, times and price."""
    person = read_person(
        country=source.country,
        email=told.get("email"),
        phone=told.get("phone"),
        first_name=told.get("firstName"),
        last_name=told.get("lastName"),
    )
    whose = replace(event, contact=person if person.is_known else None, data={**event.data, "api": told})
    if event.order is not None:
        total = money(told.get("total"), None, "total", source.currency)
        return replace(whose, order=replace(event.order, total=total))
    if event.booking is None:
        return whose
    starts_at = moment(told.get("datetime"), "datetime", source.timezone)
    minutes = whole(told.get("duration"), "duration")
    is_off = event.booking.status == "cancelled" or told.get("canceled") is True
    status = event.booking.status if not is_off else "no_show" if told.get("noShow") is True else "cancelled"
    booking = replace(
        event.booking,
        status=status,
        service=text(told.get("type"), "type"),
        starts_at=starts_at,
        ends_at=None if starts_at is None or minutes is None else starts_at + timedelta(minutes=minutes),
        price=money(told.get("price"), None, "price", source.currency),
    )
    return replace(whose, type=f"booking.{status}", booking=booking, key=end_key(booking))


def check_source(source: Source) -> list[str]:
    """Its currency: Acuity's sums have none."""
    return kit.common_faults(source) + kit.needs_currency(source)


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"X-Acuity-Signature": base64_of(hmac_sha256(secret.encode(), body))}


def _action(body: Mapping[str, Any]) -> str:
    written = body.get("action")
    return written.strip().removeprefix(_PREFIX) if isinstance(written, str) else ""


def _sample(action: str, event_type: str, more: str = "") -> kit.Sample:
    body = f"action={action}&id={kit.MARKER}{more}"
    return kit.Sample(action, event_type, body.encode(), kit.FORM)


_VISIT: Final = "&calendarID=1234567&appointmentTypeID=7654321"
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("scheduled", "booking.created", _VISIT),
        _sample("rescheduled", "booking.rescheduled", _VISIT),
        _sample("canceled", "booking.cancelled", _VISIT),
        _sample("order.completed", "order.paid"),
    )
}

ADAPTER = kit.Adapter(
    name="acuity",
    title="Acuity Scheduling",
    setup="In Integrations, Webhooks, enter the source's URL for new, rescheduled and canceled appointments "
    "and orders; the source's secret is the account owner's API key, from Integrations, API.",
    guide=kit.Guide(
        start="booking.completed",
        gives_secret=True,
        steps=(
            (
                "Open Integrations in Acuity, and there API: View credentials shows the User ID and the API "
                "Key of the account's owner."
            ),
            (
                "Put the API Key into the source as its secret, and `<User ID>:<API Key>` as its "
                "`credential`: without it Acuity's webhooks have no person, no time and no sum."
            ),
            (
                "In Integrations, Webhooks, enter <url> for new, rescheduled and canceled appointments, and "
                "for completed orders."
            ),
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    content_types=(kit.FORM,),
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    options=(lookups.API_URL,),
    check_source=check_source,
    lookup=lookups.one_question(ask, complete),
    never_completes=True,
)
