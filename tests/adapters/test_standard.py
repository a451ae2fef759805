"""Standard Webhooks: the vectors that its libraries publish, both families of names, fields below `data`."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from standardwebhooks import Webhook

from connector.adapters import kit
from connector.adapters.standard import ADAPTER
from connector.domain.errors import NotUnderstood, SignatureRefused, ValidationFailed
from connector.domain.inbound import Request
from connector.domain.money import Money

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one, with_header

# Published with standard-webhooks/standard-webhooks and svix/svix-webhooks.
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID: Final = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT: Final = 1614265330
SIGNATURE: Final = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER: Final = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def published(signature: str = SIGNATURE, family: str = "webhook-", message_id: str = ID) -> Request:
    headers = {
        "content-type": kit.JSON,
        f"{family}id": message_id,
        f"{family}timestamp": str(AT),
        f"{family}signature": signature,
    }
    received_at = datetime.fromtimestamp(AT, UTC)
    return Request("POST", URL, headers, b'{"test": 2432232314}', "203.0.113.9", received_at)


@pytest.mark.parametrize("family", ["webhook-", "svix-"])
@pytest.mark.parametrize(
    "signature",
    [SIGNATURE, f"{OTHER} v2,{OTHER[3:]} {SIGNATURE}", f"v1a,{OTHER[3:]} {SIGNATURE} "],
    ids=["one", "among others", "beside an Ed25519 one"],
)
def test_the_published_vectors_are_taken(family: str, signature: str) -> None:
    source = a_source("standard", secrets=[SECRET])
    request = published(signature, family)
    assert opened(source, request)
    assert keys(source, request) == (kit.Key(ID),)


# Made by openssl: genpkey -algorithm ed25519; pkeyutl -sign -rawin over `id.timestamp.body`.
PUBLIC: Final = "whpk_a9OwfRQjIymGR9OJDR/Qc+YMaRoaNMolvyQd3e83wBY="
BY_IT: Final = "v1a,pMO89y+i+yMe/qrogUGPPbhmBiCxh8Q89Yeb2a+0RBbTQQrk/TDf6xJyZGwR9IBa8jnq0o8XP10QkkJvfsFyBA=="


@pytest.mark.parametrize("secrets", [[PUBLIC], [SECRET, PUBLIC], [PUBLIC, SECRET]])
@pytest.mark.parametrize("signature", [BY_IT, f"{OTHER} {BY_IT}", f"v1a,AAAA v1a,! {BY_IT}"])
def test_what_the_sender_signed_with_a_key_of_its_own_is_taken(secrets: list[str], signature: str) -> None:
    source = a_source("standard", secrets=secrets)
    assert ADAPTER.check_source(source) == []
    assert opened(source, published(signature))
    with pytest.raises(SignatureRefused):
        opened(source, published(signature, message_id=ID + "x"))
    with pytest.raises(SignatureRefused):
        opened(source, replace(published(signature), body=b'{"test": 2432232315}'))


@pytest.mark.parametrize(
    ("secrets", "signature"),
    [
        ([SECRET], BY_IT),
        ([PUBLIC], SIGNATURE),
        ([PUBLIC], BY_IT.replace("v1a,", "v1,")),
        ([PUBLIC], f"v1,{SIGNATURE[3:]}"),
        ([PUBLIC], "v1a,"),
        ([PUBLIC.replace("a9Ow", "b9Ow")], BY_IT),
        (["whpk_"], BY_IT),
        (["whpk_AAAA"], BY_IT),
        ([PUBLIC.removeprefix("whpk_")], BY_IT),
        (["whsec_" + PUBLIC.removeprefix("whpk_")], BY_IT),
    ],
)
def test_a_public_key_proves_its_own_signatures_alone(secrets: list[str], signature: str) -> None:
    with pytest.raises(SignatureRefused):
        opened(a_source("standard", secrets=secrets), published(signature))


def test_whoever_knows_the_public_key_alone_can_sign_nothing() -> None:
    """It is no secret: a MAC by it, or by what it holds, is refused."""
    source = a_source("standard", secrets=[PUBLIC])
    for forged in (PUBLIC.removeprefix("whpk_"), "whsec_" + PUBLIC.removeprefix("whpk_")):
        made = {name.lower(): value for name, value in ADAPTER.sign(b"{}", forged, NOW, URL).items()}
        request = replace(
            published(), body=b"{}", headers={"content-type": kit.JSON, **made}, received_at=NOW
        )
        with pytest.raises(SignatureRefused):
            opened(source, request)
    with pytest.raises(ValidationFailed, match="only the sender"):
        kit.signed_headers(ADAPTER, source, b"{}", NOW, URL)
    both = a_source("standard", secrets=[PUBLIC, SECRET])
    assert opened(both, a_delivery(both, b"{}"))
    for written in ("whpk_", "whpk_AAAA", "whpk_!"):
        [fault] = ADAPTER.check_source(a_source("standard", secrets=[written]))
        assert "Ed25519" in fault


@pytest.mark.parametrize(
    "signature",
    [
        OTHER,
        SIGNATURE.replace("v1,", "v2,"),
        SIGNATURE.replace("v1,", "v1a,"),
        SIGNATURE.removeprefix("v1,"),
        SIGNATURE.rstrip("="),
        SIGNATURE.swapcase(),
        f"{OTHER}, {SIGNATURE}",
        f"{SIGNATURE}, {OTHER}",
        "v1",
        "v1,a,b",
        "none",
    ],
)
def test_a_signature_written_otherwise_is_refused(signature: str) -> None:
    with pytest.raises(SignatureRefused):
        opened(a_source("standard", secrets=[SECRET]), published(signature))


def test_the_id_is_signed() -> None:
    with pytest.raises(SignatureRefused):
        opened(a_source("standard", secrets=[SECRET]), published(message_id=ID + "x"))


def test_headers_of_the_two_families_never_mix() -> None:
    source = a_source("standard", secrets=[SECRET])
    both = published(family="svix-")
    both = replace(both, headers={**both.headers, "webhook-id": "msg_forged"})
    with pytest.raises(SignatureRefused):
        opened(source, both)


def test_what_another_implementation_signs_is_taken_and_what_we_sign_it_takes() -> None:
    source = a_source("standard")
    body = '{"type":"custom.x"}'
    [secret] = source.secrets
    theirs = Webhook(secret)
    signature = theirs.sign("msg_1", NOW, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW.timestamp()))}
    request = a_delivery(source, body.encode(), headers={**headers, "webhook-signature": signature})
    assert opened(source, request)
    ours = ADAPTER.sign(body.encode(), secret, NOW, URL)
    assert ours["webhook-signature"] == theirs.sign(ours["webhook-id"], NOW, body)


@pytest.mark.parametrize("late", [-300, -299, 299, 300])
def test_five_minutes_either_way_are_fresh(late: int) -> None:
    source = a_source("standard")
    request = a_delivery(source, b'{"type":"custom.x"}')
    assert opened(source, replace(request, received_at=NOW + timedelta(seconds=late)))


@pytest.mark.parametrize("late", [-301, 301])
def test_what_is_older_or_from_the_future_is_refused(late: int) -> None:
    source = a_source("standard")
    request = a_delivery(source, b'{"type":"custom.x"}')
    with pytest.raises(SignatureRefused):
        opened(source, replace(request, received_at=NOW + timedelta(seconds=late)))


@pytest.mark.parametrize("secret", ["whsec_", "whsec_%%%", "whsec_é", "not base64!", "whsec_AAA"])
def test_a_secret_that_holds_no_key_opens_nothing_and_is_a_fault(secret: str) -> None:
    source = a_source("standard")
    request = a_delivery(source, b"{}")
    with pytest.raises(SignatureRefused):
        opened(replace(source, secrets=(secret,)), request)
    assert opened(replace(source, secrets=(secret, *source.secrets)), request)
    [fault] = ADAPTER.check_source(replace(source, secrets=(*source.secrets, secret)))
    assert fault == "secrets: number 2 is not whsec_ and base64"


def test_who_signs_with_an_empty_key_is_refused() -> None:
    # printf '%s' 'msg_1.1795186830.{}' | openssl dgst -sha256 -hmac '' -binary | base64
    signature = "v1,IkWG0n4P+xGSQceavMxDJoLDB1sfRuP4qroEFAWgdIw="
    proof = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1795186830",
        "webhook-signature": signature,
    }
    request = Request("POST", URL, {**proof, "content-type": kit.JSON}, b"{}", "203.0.113.9", NOW)
    for secrets in (["whsec_"], [""], ["whsec_", SECRET]):
        with pytest.raises(SignatureRefused):
            opened(a_source("standard", secrets=secrets), request)


FIELDS: Final = {"invoice_id": "inv_1", "email": "ada@example.com", "amount": "620.00", "currency": "USD"}


@pytest.mark.parametrize(
    "body",
    [
        {"type": "invoice.paid", "timestamp": "2026-11-20T15:00:00Z", "data": FIELDS},
        {"type": "invoice.paid", "timestamp": "2026-11-20T15:00:00Z", **FIELDS},
        {"type": "invoice.paid", "occurred_at": "2026-11-20T10:00:00-05:00", **FIELDS},
        {"event": "invoice.paid", "timestamp": 1795186800, "data": {"type": "invoice", **FIELDS}},
        {"type": "invoice.paid", "timestamp": "2026-11-20T15:00:00Z", "amount": "1.00", "data": FIELDS},
    ],
    ids=["below data", "at the top", "by occurred_at", "by event, with a type of the object", "data wins"],
)
def test_fields_stand_at_the_top_or_below_data(body: dict[str, Any]) -> None:
    source = a_source("standard")
    event = read_one(source, a_delivery(source, body))
    assert event.type == "invoice.paid"
    assert event.occurred_at == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert event.contact is not None
    assert event.contact.email == "ada@example.com"
    assert event.invoice is not None
    assert (event.invoice.id, event.invoice.total) == ("inv_1", Money(62000, "USD"))
    assert event.data == json.loads(json.dumps(body))


def test_the_specifications_example_becomes_an_event_of_its_name() -> None:
    source = a_source("standard")
    body = {
        "type": "contact.created_full",
        "timestamp": "2022-11-03T20:26:10.344522Z",
        "data": {"id": "1f81eb52", "type": "contact", "phone": "+14155550113"},
    }
    event = read_one(source, a_delivery(source, body))
    assert event.type == "custom.contact.created_full"
    assert event.contact is not None
    assert event.contact.phone == "+14155550113"


def test_without_a_type_it_says_what_it_found() -> None:
    source = a_source("standard", secrets=[SECRET])
    with pytest.raises(NotUnderstood, match="looked for `type`, `event`; found `test`"):
        read_all(source, published())


def test_what_no_signature_covers_says_nothing() -> None:
    source = a_source("standard")
    body = {"type": "contact.updated", "data": {"id": "person-1", "email": "ada@example.com"}}
    plain = a_delivery(source, body)
    told = replace(with_header(plain, "idempotency-key", "another"), query="event=invoice.paid")
    assert keys(source, told) == keys(source, plain)
    assert read_all(source, told) == read_all(source, plain)
    with pytest.raises(NotUnderstood):
        read_all(source, a_delivery(source, {"data": {}}, query="event=invoice.paid"))


def test_two_messages_about_one_object_are_two_deliveries() -> None:
    source = a_source("standard")
    body = {"type": "contact.updated", "data": {"id": "person-1"}}
    first = keys(source, a_delivery(source, body))
    second = keys(source, a_delivery(source, {**body, "timestamp": 1795186800}))
    assert set(first).isdisjoint(second)
