"""Generic: signatures and fields as a source's options describe them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.domain.errors import NotFound, NotUnderstood, SignatureRefused
from connector.domain.inbound import Request, Source
from connector.domain.money import Money

from .deliveries import (
    NOW,
    URL,
    a_delivery,
    a_source,
    keys,
    opened,
    read_all,
    read_one,
    with_header,
    without_header,
)

BODY: Final = b'{"type":"invoice.paid","id":"inv_1","amount":"620.00"}'
# printf '%s' "$BODY" | openssl dgst -sha256 -hmac 'glow-secret'
OPENSSL_HEX: Final = "a2fba1e8e1e67d3ab165a646570b2297970b0278e057093b73ad39961c20d798"
# printf '%s' "1763650830.$BODY" | openssl dgst -sha256 -hmac 'glow-secret' -binary | base64
OPENSSL_BASE64: Final = "qn4N9Kixs4QYHiCSKaRadtdO2gogFXxVAK4mBHfSaxg="

HEX: Final = {"signature_header": "X-Bookly-Signature", "signature_prefix": "sha256="}
AGED: Final = {
    "signature_header": "X-Bookly-Signature",
    "signature_encoding": "base64",
    "timestamp_header": "X-Bookly-Time",
}
MAPPED: Final[Mapping[str, Any]] = {
    "type": "meta.kind",
    "event_types": {"visit_done": "booking.completed", "ping": "", "birth": "custom.birthday"},
    "fields": {
        "id": "meta.uuid",
        "booking_id": "visit.id",
        "email": "people.0.mail",
        "amount": "visit.cents",
        "currency": "visit.cur",
        "ends_at": "visit.end",
    },
    "amount_unit": "minor",
}


def posted(headers: dict[str, str], at: datetime = NOW) -> Request:
    return Request("POST", URL, {"content-type": kit.JSON, **headers}, BODY, "203.0.113.9", at)


def visit(kind: str = "visit_done", **more: Any) -> dict[str, Any]:
    return {
        "meta": {"kind": kind, "uuid": "u-1"},
        "id": "not ours",
        "visit": {"id": 55, "cents": 8000, "cur": "EUR", "end": "2026-11-20T11:00:00"},
        "people": [{"mail": "ada@example.com"}],
        **more,
    }


@pytest.mark.parametrize("options", [HEX, AGED], ids=["hex", "base64 with age"])
class TestSigned:
    def test_a_shared_secret_opens_no_signed_source(self, options: dict[str, Any]) -> None:
        source = a_source("generic", **options)
        [secret] = source.secrets
        for headers in ({"authorization": f"Bearer {secret}"}, {"x-connector-secret": secret}):
            with pytest.raises(SignatureRefused):
                opened(source, posted(headers))
        with pytest.raises(NotFound):
            opened(source, replace(a_delivery(source, BODY), token=secret))

    def test_every_changed_byte_is_refused(self, options: dict[str, Any]) -> None:
        source = a_source("generic", **options)
        request = a_delivery(source, BODY)
        assert opened(source, request)
        for place in range(len(BODY)):
            changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
            with pytest.raises(SignatureRefused):
                opened(source, replace(request, body=changed))

    @pytest.mark.parametrize("junk", ["", "sha256=", "x", "é", "\ud800", "\x00", "9" * 500, "A" * 8_192])
    def test_junk_in_its_headers_is_refused(self, options: dict[str, Any], junk: str) -> None:
        source = a_source("generic", **options)
        request = a_delivery(source, BODY)
        for name in ("signature_header", "timestamp_header"):
            if name in options:
                header = options[name].lower()
                for bad in (with_header(request, header, junk), without_header(request, header)):
                    with pytest.raises(SignatureRefused):
                        opened(source, bad)

    def test_either_secret_of_a_rotation_is_taken(self, options: dict[str, Any]) -> None:
        for signing in ("old", "new"):
            request = a_delivery(a_source("generic", secrets=[signing], **options), BODY)
            assert opened(a_source("generic", secrets=["new", "old"], **options), request)

    def test_what_no_signature_covers_says_nothing(self, options: dict[str, Any]) -> None:
        source = a_source("generic", **options)
        plain = a_delivery(source, b'{"a": 1}')
        told = replace(with_header(plain, "idempotency-key", "k"), query="event=invoice.paid")
        assert keys(source, told) == keys(source, plain)
        with pytest.raises(NotUnderstood):
            read_all(source, told)


def test_signatures_made_by_openssl_are_taken() -> None:
    hex_source = a_source("generic", secrets=["glow-secret"], **HEX)
    assert opened(hex_source, posted({"x-bookly-signature": f"sha256={OPENSSL_HEX}"}))
    aged = a_source("generic", secrets=["glow-secret"], **AGED)
    at = datetime(2025, 11, 20, 15, 0, 30, tzinfo=UTC)
    headers = {"x-bookly-signature": OPENSSL_BASE64, "x-bookly-time": "1763650830"}
    assert opened(aged, posted(headers, at))


@pytest.mark.parametrize(
    "signature",
    [OPENSSL_HEX, f"sha256={OPENSSL_HEX.upper()}", f"SHA256={OPENSSL_HEX}", f"sha256=sha256={OPENSSL_HEX}"],
)
def test_a_signature_written_otherwise_is_refused(signature: str) -> None:
    with pytest.raises(SignatureRefused):
        opened(a_source("generic", secrets=["glow-secret"], **HEX), posted({"x-bookly-signature": signature}))


@pytest.mark.parametrize(("late", "is_fresh"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_where_age_is_signed_it_counts(late: int, is_fresh: bool) -> None:
    source = a_source("generic", **AGED)
    request = replace(a_delivery(source, BODY), received_at=NOW + timedelta(seconds=late))
    if is_fresh:
        assert opened(source, request)
    else:
        with pytest.raises(SignatureRefused):
            opened(source, request)


@pytest.mark.parametrize("faulty", [7, "", None, [], "X Y"], ids=str)
def test_a_faulty_signature_option_lets_nobody_in(faulty: object) -> None:
    source = a_source("generic", signature_header=faulty)
    [secret] = source.secrets
    request = posted({"authorization": f"Bearer {secret}", "": "", "x": ""})
    with pytest.raises(SignatureRefused):
        opened(source, request)
    aged = a_source("generic", signature_header="x-sig", timestamp_header=faulty)
    with pytest.raises(SignatureRefused):
        opened(aged, a_delivery(replace(aged, options={"signature_header": "x-sig"}), BODY))


def test_a_signature_without_age_is_remembered_for_ever() -> None:
    def only(source: Source) -> kit.Key:
        [key] = keys(source, a_delivery(source, b'{"a": 1}'))
        return key

    assert not only(a_source("generic", **HEX)).weak
    assert only(a_source("generic", **AGED)).weak
    assert only(a_source("generic")).weak


def test_without_options_it_reads_the_flat_names() -> None:
    source = a_source("generic")
    request = a_delivery(source, BODY, headers={"idempotency-key": "k"})
    event = read_one(source, request)
    assert event.invoice is not None
    assert (event.invoice.id, event.invoice.total) == ("inv_1", Money(62000, "USD"))
    assert keys(source, request) == (kit.Key("idempotency-key k"), kit.Key("invoice.paid inv_1"))
    assert read_one(source, a_delivery(source, {"a": 1}, query="event=x")).type == "custom.x"


def test_fields_are_found_where_the_options_say() -> None:
    source = a_source("generic", **MAPPED)
    event = read_one(source, a_delivery(source, visit()))
    assert event.type == "booking.completed"
    assert event.contact is not None
    assert event.contact.email == "ada@example.com"
    booking = event.booking
    assert booking is not None
    assert (booking.id, booking.price) == ("55", Money(8000, "EUR"))
    assert booking.ends_at == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert event.data == visit()
    assert keys(source, a_delivery(source, visit())) == (kit.Key("booking.completed u-1"),)


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("ping", []),
        ("birth", ["custom.birthday"]),
        ("booking.no_show", ["booking.no_show"]),
        ("Something Else", ["custom.something_else"]),
    ],
)
def test_the_platforms_names_become_ours_or_are_ignored(kind: str, types: list[str]) -> None:
    source = a_source("generic", **MAPPED)
    request = a_delivery(source, visit(kind))
    assert [event.type for event in read_all(source, request)] == types
    assert keys(source, request)


def test_a_number_may_name_an_event() -> None:
    source = a_source("generic", type="kind", event_types={"7": "deal.won"})
    assert read_one(source, a_delivery(source, {"kind": 7})).type == "deal.won"


def test_a_fixed_type_needs_nothing_of_the_body() -> None:
    source = a_source("generic", type="form.submitted", fields={"id": "submission"})
    event = read_one(source, a_delivery(source, {"submission": 9, "type": "invoice.paid"}))
    assert event.type == "form.submitted"
    assert event.form is not None
    assert event.form.id == "9"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"meta": {"uuid": 1}, "visit": {}}, "looked for `meta.kind`; found `meta`, `visit`"),
        ({"meta": "text"}, "looked for `meta.kind`"),
        (visit(meta={"kind": {}}), "looked for `meta.kind`"),
        (visit(visit={"id": 5, "cents": 80.5, "cur": "EUR"}), "`amount`"),
        (visit(visit={"id": [5]}), "`booking_id`"),
    ],
)
def test_what_is_not_where_the_options_say_is_said(body: dict[str, Any], said: str) -> None:
    source = a_source("generic", **MAPPED)
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail
