"""HighLevel: a marketplace app's webhooks, and a workflow's Webhook action.

https://marketplace.gohighlevel.com/docs/webhook/WebhookIntegrationGuide/

- Signature: of the marketplace, `X-GHL-Signature`, Ed25519 over the body, base64; where it is there it
  decides. Else the older `x-wh-signature`, RSA-SHA256 (PKCS1 v1.5). `N/A` in either is none. Both keys
  are the platform's own and published; `options.public_keys` replaces them. They sign for every app and
  every location there is, so such a delivery counts only where `options.location_id` names its
  location, or the source's secret is the last part of the path. A workflow cannot sign: it presents
  the secret, as Zapier does. `connector send` signs with a key made from the secret.
- Replay: no age that could be asked for, since the platform repeats what we answered 429 for an hour;
  `webhookId` is signed and remembered for ever.
- Tests: an order or invoice with `liveMode: false`; option `tests`.
- Delivery id: `webhookId`; without it the type, the record's id, status and time of change. Of a
  workflow, `Idempotency-Key`, then the appointment's id, status and start, or the payment's
  transaction. Else the body's digest for ten minutes.
  Known by a second key, so that they are told once whatever the delivery is called: an order, an invoice
  and a deal when it is paid or won, and how a booking ended.
- Event types: of the marketplace, AppointmentCreate, AppointmentUpdate, AppointmentDelete,
  ContactCreate, ContactUpdate, ContactTagUpdate, InvoicePaid, OrderCreate, OrderStatusUpdate,
  OpportunityStatusUpdate; others are ignored. A workflow's body: `type` in its custom data, else
  `?event=` in the URL, else by its shape (`payment`, `calendar`, a bare contact), else flat names. A
  `payment` whose `payment_status` says that it did not succeed is none: the trigger runs for failed ones too.
- Confirmation: an appointment that is `new` stands in a calendar that does not confirm by itself, unconfirmed
  until the business does: it is none yet, and booking.created once it is confirmed. A workflow that runs on
  such ones and means them says `type` in its custom data.
- Person: by HighLevel's contact id, e-mail, phone. An appointment and an opportunity have the id alone; with
  a `credential`, a private integration's token, `GET /contacts/{id}` says the rest.
- Tags: a list that comes is the whole of them. What it changes of the tags known here is told as
  contact.tag_added and contact.tag_removed; of somebody new, every tag is an added one. An empty text
  says nothing.
- Money: major units, as JSON numbers; the source's currency for an opportunity, which has none.
- Time zone: offsets are written by the marketplace; a workflow's appointment is in `selectedTimezone`,
  which is a guess, else in the source's zone.
- Retries: only after 429, every 10 minutes, six times; any other answer loses the event. So 429 is what
  it gets when we are busy. Workflows: not documented.
- Known limits: an AppointmentUpdate is told as a rescheduling only where the appointment's time is
  another than the one known here.
- How sure: signatures from the vendor's documents and SDK, bodies from its documents and two captures
  of workflows. No published signature vector: the test's comes from openssl.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ..domain import jsontext
from ..domain.contacts import Trust
from ..domain.errors import BadJson, SignatureRefused
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.signing import PublicKey, base64_of, is_signed_by, public_key, stand_in_key
from . import flat, highlevel_events, highlevel_samples, kit, lookups, shared
from .reading import at

HEADER: Final = "x-ghl-signature"
LEGACY_HEADER: Final = "x-wh-signature"
LOCATION: Final = "location_id"
PUBLIC_KEYS: Final = "public_keys"
PUBLISHED: Final = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="
PUBLISHED_LEGACY: Final = (
    "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/r9tVgcfZ5DysOSCFrm602qYV0MaAiNnX9O8"
    "KxMbiyRKWeL9JpCpVpt4XHIcBOK4u3cLSqJGOLaPuXw6dO0t6Q/ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpb"
    "i989mmzMryUnQJezlYJ3DVfBcsedpinheNnyYeFXolrJvcsjDtfAeRx5ByHQmTnSdFUzuAnC9/GepgLT9SM4"
    "nCpvuxmZMxrJt5Rw+VUaQ9B8JSvbMPpez4peKaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF3kvoV5rTnXV0IknL"
    "BXlcKKAQLZcY/Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKUJ062fRtN+rLYZUV+BjafxQauvC8wSWeYja63"
    "VSUruvmNj8xkx2zE/Juc+yjLjTXpIocmaiFeAO6fUtNjDeFVkhf5LNb59vECyrHD2SQIrhgXpO4Q3dVNA5rw"
    "576PwTzNh/AMfHKIjE4xQA1SZuYJmNnmVZLIZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhCHULgCsnuDJHc"
    "rGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/Y09T7sYJPQe7z0cvj7aE4B+Ax1ZoZGPzpJlZtGXC"
    "su9aTEGEnKzmsFqwcSsnw3JB31IGKAykT1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ=="
)
_NONE: Final = frozenset({"", "n/a"})
_MAX_KEYS: Final = 8  # two kinds, each while it is rotated


def verify(request: Request, source: Source) -> None:
    """By the newest kind of proof that the request brings; an older one never mends a wrong newer one."""
    for header in (HEADER, LEGACY_HEADER):
        sent = request.headers.get(header, "").strip()
        if sent.lower() not in _NONE:
            _require_signed(sent, header, request, source)
            return
    shared.verify(request, source)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The source's own choice, then what highlevel_events knows; else the body's digest, weak."""
    body = flat.known_fields(verified)  # a workflow's may be written by hand
    found = kit.named_keys(verified, body)
    if not highlevel_events.is_of_marketplace(body):
        found += flat.idempotency_keys(verified.request)
    found += highlevel_events.keys_of(body, verified)
    return found or (kit.Key(kit.body_key(verified.request, verified.request.query), weak=True),)


def is_test(verified: kit.Verified) -> bool:
    return kit.known_fields(verified).get("liveMode") is False


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:
    """As the marketplace would, with the stand-in's key; a workflow's body goes with the secret."""
    try:
        fields = jsontext.loads(body)
    except BadJson:
        fields = None
    if isinstance(fields, dict) and "contact_id" in fields:
        return shared.sign(body, secret, now, url)
    return {"X-GHL-Signature": base64_of(stand_in_key(secret).sign(body))}


def check_source(source: Source) -> list[str]:
    """Its currency, `location_id`, `public_keys`."""
    faults = kit.common_faults(source) + kit.needs_currency(source)
    if LOCATION in source.options and not _locations(source):
        faults.append(f"{LOCATION}: write the location's id, or a list of ids")
    written = source.options.get(PUBLIC_KEYS)
    if written is not None:
        texts = _texts(written)
        faults += [f"{PUBLIC_KEYS}: {fault}" for fault in map(_key_fault, texts) if fault]
        if not 0 < len(texts) <= _MAX_KEYS:
            faults.append(f"{PUBLIC_KEYS}: write a list of 1 to {_MAX_KEYS} keys")
    return faults


def _require_signed(sent: str, header: str, request: Request, source: Source) -> None:
    if header == HEADER:
        own = [stand_in_key(secret).public_key() for secret in source.secrets if secret.strip()]
        if is_signed_by(sent, request.body, own):
            return
    if not is_signed_by(sent, request.body, _platform_keys(source, header)):
        raise SignatureRefused
    if request.token is not None:
        shared.verify(request, source)
    elif not _is_of_its_location(request, source):
        raise SignatureRefused


def _platform_keys(source: Source, header: str) -> list[PublicKey]:
    written = source.options.get(PUBLIC_KEYS)
    if written is None:
        return [public_key(PUBLISHED if header == HEADER else PUBLISHED_LEGACY)]
    keys = [public_key(text) for text in _texts(written)[:_MAX_KEYS] if not _key_fault(text)]
    kind = type(public_key(PUBLISHED if header == HEADER else PUBLISHED_LEGACY))
    return [key for key in keys if isinstance(key, kind)]


def _is_of_its_location(request: Request, source: Source) -> bool:
    try:
        body = jsontext.loads(request.body)
    except BadJson:
        return False
    return any(at(body, place) in _locations(source) for place in ("locationId", "altId"))


def _locations(source: Source) -> list[str]:
    named = source.options.get(LOCATION)
    return [text for text in ([named] if isinstance(named, str) else _texts(named)) if text.strip()]


def _texts(value: object) -> list[str]:
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else []
    return [text for text in listed if isinstance(text, str)]


def _key_fault(text: str) -> str:
    try:
        public_key(text)
    except ValueError as fault:
        return str(fault)
    return ""


ADAPTER = kit.Adapter(
    name="highlevel",
    title="HighLevel",
    setup="In a workflow, add the action Custom Webhook: POST to the source's URL with the header "
    "Authorization: Bearer <secret>, or the plain Webhook action to <url>/<secret>. In a marketplace app, "
    "enter the source's URL as the webhook URL and write the location's id into options.location_id.",
    guide=kit.Guide(
        start="booking.completed",
        steps=(
            (
                "In Automation, Workflows, add the action Custom Webhook: POST to <url>, with the header "
                "`Authorization: Bearer <secret>`, and the body as JSON. `type` in it says which event it is:"
                ' `{"type": "booking.completed", "id": "{{appointment.id}}", "email": "{{contact.email}}"}`.'
            ),
            (
                "Where only the plain Webhook action is at hand, enter <url>/<secret> as its URL, and `type` "
                "under Custom Data."
            ),
            (
                "A marketplace app instead: enter <url> as its webhook URL, and the sub-account's location id"
                " as `location_id` in the source's options."
            ),
            (
                "For the person behind an appointment put a private integration's token into the source as "
                "`credential`."
            ),
            "A step for each deed on cards, with the body to paste: `integrations/highlevel`.",
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    content_types=(kit.JSON, kit.FORM),
    verify=verify,
    delivery_ids=delivery_ids,
    read=highlevel_events.read,
    sign=sign,
    samples=highlevel_samples.SAMPLES,
    answers=kit.Answers(busy=429),
    options=(LOCATION, PUBLIC_KEYS, lookups.API_URL),
    check_source=check_source,
    is_test=is_test,
    allows_path_token=True,
    lookup=lookups.one_question(highlevel_events.ask, highlevel_events.complete),
)
