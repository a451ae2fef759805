"""Each recorded body, signed as its platform does and posted to a running gateway: what comes of it.

The signatures are made here by `hmac` and `hashlib` alone, so that nothing of ours vouches for itself.
The rule that holds: what is compared is all that the gateway made of a body, as REST shows it.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from connector.domain.events import rfc3339
from tests.adapters.recorded import FOLDER, body_of, fields_of
from tests.kit.clock import THE_MOMENT
from tests.kit.databases import SqliteMaker
from tests.kit.house import PUBLIC_URL
from tests.kit.wire import Reply
from tests.walk.agency import Agency, Business, an_agency

NOW: Final = rfc3339(THE_MOMENT)
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Signing:
    """What a platform signs with and over."""

    key: str
    body: bytes
    url: str
    at: datetime

    @property
    def seconds(self) -> str:
        return str(int(self.at.timestamp()))


def mac(one: Signing, before: str = "", key: bytes | None = None) -> bytes:
    return hmac.new(key or one.key.encode(), before.encode() + one.body, hashlib.sha256).digest()


def b64(made: bytes) -> str:
    return base64.b64encode(made).decode()


def by_standard(one: Signing) -> dict[str, str]:
    key = base64.b64decode(one.key.removeprefix("whsec_"))
    made = b64(mac(one, f"msg_1.{one.seconds}.", key))
    return {"webhook-id": "msg_1", "webhook-timestamp": one.seconds, "webhook-signature": f"v1,{made}"}


def by_hubspot(one: Signing) -> dict[str, str]:
    """v3 where the URL has a query, as a workflow's; else v1, which is no MAC."""
    if "?" not in one.url:
        made = hashlib.sha256(one.key.encode() + one.body).hexdigest()
        return {"X-HubSpot-Signature": made, "X-HubSpot-Signature-Version": "v1"}
    message = b"POST" + one.url.encode() + one.body + one.seconds.encode() + b"000"
    made = b64(hmac.new(one.key.encode(), message, hashlib.sha256).digest())
    return {"X-HubSpot-Signature-v3": made, "X-HubSpot-Request-Timestamp": f"{one.seconds}000"}


PROOFS: Final[Mapping[str, Callable[[Signing], dict[str, str]]]] = {
    "acuity": lambda one: {"x-acuity-signature": b64(mac(one))},
    "calcom": lambda one: {"X-Cal-Signature-256": mac(one).hex()},
    "calendly": lambda one: {
        "Calendly-Webhook-Signature": f"t={one.seconds},v1={mac(one, one.seconds + '.').hex()}"
    },
    "commercelayer": lambda one: {"X-CommerceLayer-Signature": b64(mac(one))},
    "github": lambda one: {"X-Hub-Signature-256": f"sha256={mac(one).hex()}"},
    "hubspot": by_hubspot,
    "mindbody": lambda one: {"X-Mindbody-Signature": f"sha256={b64(mac(one))}"},
    "n8n": lambda one: {"Authorization": f"Bearer {one.key}"},
    "shopify": lambda one: {"X-Shopify-Hmac-Sha256": b64(mac(one))},
    "square": lambda one: {"x-square-hmacsha256-signature": b64(mac(one, one.url))},
    "standard": by_standard,
    "stripe": lambda one: {"Stripe-Signature": f"t={one.seconds},v1={mac(one, one.seconds + '.').hex()}"},
    "typeform": lambda one: {"Typeform-Signature": f"sha256={b64(mac(one))}"},
    "vagaro": lambda one: {"X-Vagaro-Signature": one.key},
    "woocommerce": lambda one: {"X-WC-Webhook-Signature": b64(mac(one))},
    "zapier": lambda one: {"X-Connector-Secret": one.key},
}
"""By adapter; those that are not here, HighLevel's workflows among them, have the secret in the path."""


@dataclass(frozen=True)
class Row:
    """A recorded file, how it is sent, and what it is: `type`, when, who and what of. No `type`: ignored."""

    file: str
    type: str = ""
    at: str = NOW
    who: Mapping[str, Any] | None = None
    of: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: bytes | None = None

    @property
    def source(self) -> str:
        return self.file.partition("__")[0]


def a_booking(name: str, status: str, starts: str | None, ends: str | None, **more: Any) -> dict[str, Any]:
    times = {"starts_at": starts, "ends_at": ends}
    return {"booking": {"id": name, "status": status, "service": None, "price": None, **times, **more}}


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def changed(name: str, **more: Any) -> bytes:
    return json.dumps({**fields_of(name), **more}).encode()


def invitee(event: str) -> bytes:
    """As Calendly documents it, with values of our own."""
    uri = "https://api.calendly.com/scheduled_events/E1"
    when = {"start_time": "2026-12-24T14:15:00.123456Z", "end_time": "2026-12-24T15:15:00.123456Z"}
    payload = {
        "uri": f"{uri}/invitees/I1",
        "email": "ada@example.com",
        "name": "Ada Bell",
        "text_reminder_number": None,
        "rescheduled": False,
        "old_invitee": None,
        "scheduled_event": {"uri": uri, "name": "Massage", "status": "active", **when},
    }
    return json.dumps(
        {"event": event, "created_at": "2026-11-20T14:51:19.000000Z", "payload": payload}
    ).encode()


def at_calendly(event: str, status: str) -> Row:
    service = {"service": "Massage"}
    times = "2026-12-24T14:15:00.123456Z", "2026-12-24T15:15:00.123456Z"
    name = "https://api.calendly.com/scheduled_events/E1"
    what = a_booking(name, status, *times, **service)
    who = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Bell"}
    told = "2026-11-20T14:51:19Z"
    return Row(f"calendly__{event}", f"booking.{status}", told, who, what, body=invitee(event))


FORMED: Final = {"content-type": FORM}
OF_CAPTURED: Final = "------------------------4472e3fbf45f6440"


def as_form(name: str) -> bytes:
    return urlencode(fields_of(name)).encode()


def as_parts(name: str) -> bytes:
    """As curl writes a multipart form."""
    lines = [
        f'--{OF_CAPTURED}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{text}\r\n'
        for field, text in fields_of(name).items()
    ]
    return "".join([*lines, f"--{OF_CAPTURED}--\r\n"]).encode()


MULTIPART: Final = {"content-type": f"multipart/form-data; boundary={OF_CAPTURED}"}
ARABIC: Final = fields_of("highlevel__workflow_appointment")["calendar"]["calendarName"].strip()
PRIYA: Final = {"email": "priya.nair@example.com", "first_name": "Priya", "last_name": "Nair"}
ALICE: Final = {"external_id": "client-123", "first_name": "Alice", "last_name": "Smith"}
CUSTOMER: Final = {
    "external_id": "cus_NSPHp4fOlXGw8P",
    "email": "customer@example.com",
    "first_name": "Test",
    "last_name": "Customer",
}
AT_CALCOM: Final = a_booking(
    "8f2b6c1a9d3e4a7fb5c21e6f9a0d4b7c",
    "cancelled",
    "2026-07-03T16:00:00Z",
    "2026-07-03T16:30:00Z",
    service="30 Min Meeting between Jordan Lee and Priya Nair",
)
ROWS: Final = (
    at_calendly("invitee.created", "created"),
    at_calendly("invitee.canceled", "cancelled"),
    at_calendly("invitee_no_show.created", "no_show"),
    Row("calcom__BOOKING_CANCELLED", "booking.cancelled", "2026-07-02T09:41:12Z", PRIYA, AT_CALCOM),
    Row(
        "calcom__BOOKING_RESCHEDULED",
        "booking.rescheduled",
        "2026-07-04T11:18:47Z",
        PRIYA,
        {"booking": {**AT_CALCOM["booking"], "status": "rescheduled"}},
    ),
    *(
        Row(
            f"acuity__{name}",
            f"booking.{status}",
            of=a_booking("123456789", status, None, None),
            headers=FORMED,
            body=as_form(f"acuity__{name}"),
        )
        for name, status in (("scheduled", "created"), ("canceled", "cancelled"))
    ),
    Row(
        "acuity__order.completed",
        "order.paid",
        of={"order": {"id": "987654321", "total": None}},
        headers=FORMED,
        body=as_form("acuity__order.completed"),
    ),
    Row(
        "square__booking.created",
        "booking.created",
        "2020-12-08T19:56:53Z",
        {"external_id": "SSKBT02ECWZXK6W3VWYC78E52R"},
        a_booking("i2id2g3enyspi7", "created", "2020-12-17T16:00:00Z", "2020-12-17T16:30:00Z"),
    ),
    Row(
        "square__customer.created",
        "contact.created",
        "2022-11-09T21:23:25Z",
        {
            "external_id": "QPTXM8PQNX3Q726ZYHPMNP46XC",
            "email": "customer@example.com",
            "phone": "+15555550115",
            "first_name": "Jenkins",
            "last_name": "Smorly",
        },
    ),
    Row("square__refund.created"),  # PENDING
    Row("square__gift_card.created"),
    Row("square__gift_card.updated", body=changed("square__gift_card.created", type="gift_card.updated")),
    Row(
        "square__order.created",
        body=json.dumps({"type": "order.created", "event_id": "o-1", "data": {"id": "e"}}).encode(),
    ),
    *(  # voided, and a test
        Row("shopify__orders_create", headers={"x-shopify-topic": topic})
        for topic in ("orders/create", "orders/paid")
    ),
    Row(
        "shopify__refunds_create",
        "order.refunded",
        "2022-01-01T00:00:00Z",
        of={
            "refund": {
                "id": "gid://shopify/Refund/890088186047892319",
                "amount": None,
                "of": "gid://shopify/Order/820982911946154500",
            }
        },
        headers={"x-shopify-topic": "refunds/create"},
    ),
    Row(
        "shopify__customers_create",
        "contact.created",
        "2022-01-01T00:00:00Z",
        {
            "external_id": "gid://shopify/Customer/706405506930370084",
            "email": "bob@example.com",
            "first_name": "Bob",
            "last_name": "Biller",
        },
        headers={"x-shopify-topic": "customers/create"},
    ),
    Row("woocommerce__coupon.created", headers={"x-wc-webhook-topic": "coupon.created"}),
    Row(
        "woocommerce__product.updated",
        headers={"x-wc-webhook-topic": "product.updated"},
        body=b'{"id": 31, "name": "Card", "price": "25.00", "date_modified_gmt": "2023-03-17T10:00:00"}',
    ),
    Row(
        "woocommerce__order.created",
        "order.paid",
        "2017-03-22T19:28:08Z",
        {
            "email": "john.doe@example.com",
            "phone": "+15555555555",
            "first_name": "John",
            "last_name": "Doe",
        },
        {
            "order": {
                "id": "727",
                "total": usd("29.35"),
                "lines": [
                    {
                        "id": "315",
                        "title": "Woo Single #1",
                        "quantity": 2,
                        "price": usd("3.00"),
                        "paid": usd("6.00"),
                        "gift_card": False,
                    },
                    {
                        "id": "316",
                        "title": "Ship Your Idea &ndash; Color: Black, Size: M Test",
                        "quantity": 1,
                        "price": usd("12.00"),
                        "paid": usd("12.00"),
                        "gift_card": False,
                    },
                ],
                "gift_cards": [],
            }
        },
        {"x-wc-webhook-topic": "order.created"},
    ),
    Row(
        "stripe__checkout.session.completed",
        "payment.succeeded",
        "2023-03-03T09:00:00Z",
        CUSTOMER,
        {
            "payment": {
                "id": "cs_test_a1CagZ1XmCLIZb3ME6r06G1h8ygwbbbMw8Nqk0R86MWMT4dmCjDiUYfQDr",
                "amount": usd("0.00"),
                "invoice_id": "in_1MhUT5E0b6fckueSfPlY05Fw",
            }
        },
    ),
    Row(
        "stripe__invoice.paid",
        "invoice.paid",
        "2023-03-03T08:59:59Z",
        CUSTOMER,
        {"invoice": {"id": "in_1MhUT5E0b6fckueSfPlY05Fw", "total": usd("0.00")}},
    ),
    Row("hubspot__contact.creation", "contact.created", "2019-07-26T04:00:00Z", {"external_id": "123"}),
    Row(
        "hubspot__workflow_contact",
        "custom.birthday",
        who={
            "external_id": "251",
            "email": "contact@example.com",
            "first_name": "Casey",
            "last_name": "Sample",
        },
        query="?event=birthday",
    ),
    Row(
        "typeform__published",
        "form.submitted",
        "2018-01-18T18:17:02Z",
        {"external_id": "abc123456", "email": "laura@example.com"},
        {"form": {"id": "a3a12ec67a1365927098a606107fac15", "title": "Webhooks example"}},
    ),
    Row(
        "jotform__submission_captured",
        "form.submitted",
        "2025-11-09T00:52:06.949000Z",
        of={"form": {"id": "6384587270219720384", "title": "253117572694059"}},
        headers=MULTIPART,
        body=as_parts("jotform__submission_captured"),
    ),
    Row(
        "jotform__submission_pretty",
        "form.submitted",
        of={
            "form": {
                "id": "237955080346633702",
                "title": "31751954731962",
                "answers": {
                    "name": {"first": "Bart", "last": "Simpson"},
                    "yourMessage": "\u00a1Ay, caramba!",
                },
            }
        },
        headers=MULTIPART,
        body=as_parts("jotform__submission_pretty"),
    ),
    Row("github__ping", headers={"x-github-event": "ping"}),
    Row(
        "commercelayer__gift_cards.activate",
        "custom.gift_cards.activate",
        "2023-03-17T10:37:35.257000Z",
        {"email": "customer@example.com"},
        headers={"x-commercelayer-topic": "gift_cards.activate"},
    ),
    Row(  # at seven in New York, in summer
        "mindbody__appointmentBooking.created_naive_time",
        "booking.created",
        who=ALICE,
        of=a_booking("booking-tz", "created", "2026-08-18T11:00:00Z", "2026-08-18T11:30:00Z"),
    ),
    Row(
        "mindbody__appointmentBooking.cancelled",
        "booking.cancelled",
        who=ALICE,
        of=a_booking(
            "booking-abc",
            "cancelled",
            "2024-01-13T10:00:00Z",
            "2024-01-13T11:00:00Z",
            service="Semi-Private Training",
        ),
    ),
    Row("mindbody__site.created"),
    Row(
        "vagaro__appointment.created",
        "booking.created",
        "2024-02-15T00:00:00Z",
        {"external_id": "2dwfErtmMAFxe6hoCnQStw=="},
        a_booking(
            "2dwfErtmMAFxe6hoCnQStw==",
            "created",
            "2024-02-15T05:25:00Z",
            "2024-02-15T06:25:00Z",
            service="Hot Stone Massage",
            price=usd("100.00"),
        ),
    ),
    Row("simplybook__change", "booking.rescheduled", of=a_booking("2262", "rescheduled", None, None)),
    Row(
        "highlevel__AppointmentCreate",
        "booking.created",
        "2023-09-25T10:30:00Z",
        {"external_id": "9NkT25Vor1v4aQatFsv2"},
        a_booking(
            "0007BWpSzSwfiuSl0tR2",
            "created",
            "2023-09-25T10:30:00Z",
            "2023-09-25T10:30:00Z",
            service="Appointment with GHL Dev team",
        ),
    ),
    Row(
        "highlevel__ContactTagUpdate",
        "contact.tag_added",
        who={
            "external_id": "nmFmQEsNgz6AVpgLVUJ0",
            "email": "john.deo@example.com",
            "phone": "+15555550100",
            "first_name": "John",
            "last_name": "Deo",
            "tags": ["id magna sed Lorem", "Duis dolor commodo aliqua"],
        },
        of={"tag": "Duis dolor commodo aliqua"},
    ),
    Row("highlevel__InvoicePartiallyPaid"),
    Row("highlevel__OrderCreate"),  # pending
    Row(  # at 17:00 in Kuwait
        "highlevel__workflow_appointment",
        "booking.created",
        who={
            "external_id": "cont0000000000000002",
            "email": "sam.sample@example.com",
            "phone": "+15555550112",
            "first_name": "Sam",
            "last_name": "Sample",
        },
        of=a_booking(
            "appt0000000000000001",
            "created",
            "2026-09-13T14:00:00Z",
            "2026-09-13T14:30:00Z",
            service=ARABIC,
        ),
    ),
    Row(
        "zapier__purchase_flat",
        "custom.purchase",
        who={
            "external_id": "ext-123",
            "email": "john@example.com",
            "first_name": "John",
            "last_name": "Doe",
            "tags": ["tag1", "tag2"],
        },
        query="?event=purchase",
        body=b'{"email":"john@example.com","phone":"+1234567890","first_name":"John","last_name":"Doe",'
        b'"amount":97,"currency":"usd","external_id":"ext-123","tags":"tag1,tag2"}',
    ),
    Row(
        "n8n__webhook_node_item",
        "survey.completed",
        of={"form": {"title": None, "answers": {"source": "conduut_test"}}},
        query="?event=survey.completed",
    ),
    Row(
        "standard__contact.created",
        "contact.created",
        "2022-11-03T20:26:10.344522Z",
        body=b'{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z",'
        b'"data":{"id":"1f81eb52-5198-4599-803e-771906343485","type":"contact"}}',
    ),
)
NOT_UNDERSTOOD: Final = (
    Row("zapier__calcom_trigger_shape"),  # neither a type nor whose booking it is
    Row("n8n__webhook_node_item"),
)


@pytest.fixture(scope="module")
def bare(sqlite_maker: SqliteMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    folder = tmp_path_factory.mktemp("recorded")
    with sqlite_maker.fresh(folder) as url, an_agency(folder, url, {}) as found:
        yield found


@pytest.fixture(scope="module")
def shop(bare: Agency) -> Business:
    """With a source for each platform whose bodies were recorded."""
    business = bare.business(sources=())
    for name in sorted({row.source for row in ROWS}):
        told: dict[str, Any] = {"slug": name, "adapter": name}
        if name == "vagaro":
            told["options"] = {"addresses": ["127.0.0.1"]}
        business.secrets[name] = business.ask("POST", "/v1/sources", told)["secret"]
    return business


def post(shop: Business, row: Row) -> Reply:
    path, key = f"/hooks/{shop.slug}/{row.source}", shop.secrets[row.source]
    body = body_of(row.file) if row.body is None else row.body
    if row.source not in PROOFS:
        return shop.agency.send("POST", f"{path}/{key}{row.query}", body, kind_of(row), **bare_headers(row))
    signing = Signing(key, body, PUBLIC_URL + path + row.query, shop.agency.clock.now())
    headers = {**PROOFS[row.source](signing), **bare_headers(row)}
    return shop.agency.send("POST", path + row.query, body, kind_of(row), **headers)


def kind_of(row: Row) -> str:
    return row.headers.get("content-type", JSON)


def bare_headers(row: Row) -> dict[str, str]:
    return {name: text for name, text in row.headers.items() if name != "content-type"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.file}{''.join(row.headers.values())[-12:]}")
def test_a_recorded_body_is_the_event_that_its_platform_tells_of(shop: Business, row: Row) -> None:
    reply = post(shop, row)
    assert reply.status == 200, reply.body
    answer = reply.json()
    if not row.type:
        assert (answer["events"], answer["runs"]) == ([], [])
        return
    event = shop.get(f"/v1/events/{answer['events'][0]['id']}")
    who = {name: value for name, value in (event["contact"] or {}).items() if value}
    assert (event["type"], event["occurred_at"], who) == (row.type, row.at, dict(row.who or {}))
    assert {name: seen(event[name], told) for name, told in row.of.items()} == row.of
    again = post(shop, row).json()
    assert (again["status"], again["events"]) == ("duplicate", answer["events"])


def seen(value: Any, told: Any) -> Any:
    """Of a form what the row speaks of; of anything else everything."""
    return {name: value[name] for name in told} if isinstance(told, dict) and "answers" in value else value


@pytest.mark.parametrize("row", NOT_UNDERSTOOD, ids=lambda row: row.file)
def test_a_recorded_body_that_names_no_event_is_kept_and_says_what_was_looked_for(
    shop: Business, row: Row
) -> None:
    reply = post(shop, row)
    assert (reply.status, reply.json()["code"]) == (422, "not_understood")
    assert "looked for `type`, `event`" in reply.json()["detail"]


def test_every_recorded_body_has_a_row() -> None:
    """So that one more file is one more row."""
    named = {row.file for row in (*ROWS, *NOT_UNDERSTOOD)}
    same = {"highlevel__AppointmentUpdate"}  # as the vendor documents it, a copy of AppointmentCreate
    assert {path.stem for path in FOLDER.glob("*.json")} - named == same
