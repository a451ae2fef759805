"""HighLevel: which proof decides, whose keys they are, and how a delivery is known again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.highlevel import (
    ADAPTER,
    HEADER,
    LEGACY_HEADER,
    PUBLISHED,
    PUBLISHED_LEGACY,
)
from connector.adapters.highlevel_samples import SAMPLES
from connector.domain.errors import NotFound, SignatureRefused
from connector.domain.inbound import Request, Source
from connector.domain.signing import base64_of, public_key, stand_in_key

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, with_header, without_header
from .recorded import fields_of

LOCATION: Final = "ve9EPM428h8vShlRW1KT"
BODY: Final = (
    '{"type":"ContactCreate","locationId":"ve9EPM428h8vShlRW1KT","id":"nmFmQEsNgz6AVpgLVUJ0",'
    '"email":"jörg@example.com"}'
).encode()
# openssl genpkey -algorithm ed25519 -out ed.pem; openssl pkey -in ed.pem -pubout -outform DER | base64 -w0
ED25519_KEY: Final = "MCowBQYDK2VwAyEA9cAcnaZCo5LNPJuBhFkupZGlXzNEVpIAzjhmLoFNXZk="
# printf '%s' "$BODY" > body; openssl pkeyutl -sign -inkey ed.pem -rawin -in body | base64 -w0
ED25519_SIGNED: Final = (
    "U3VeunR/gpWWvLk6Kq8yvVtAB13/YgSNxZaxDwcj8HYVXvOWDF385Qifn491CfuLfM9rIgroAyZUplHQDzs1Cw=="
)
# openssl genrsa -out rsa.pem 2048; openssl pkey -in rsa.pem -pubout -outform DER | base64 -w0
RSA_KEY: Final = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0bn7+KhJ8c7jWhh/6uoXsF2o7/SLephGG+JEN36/e/Pdtz/gLmLM"
    "Xl9P9DcXbpK1LExugMKRxvaDe+TbZ9FTjSjo150gUBZ+pOTIl0/MZktqjfMfTO9ddVU3bG9giDY8Isv/N6H5dbCdMjEIffaE"
    "hTKz4gzIHmHlqRnbPbvTRYZqfeL8i78FuQK/qMfbD6viwFqfxLKjsckD27G2+m5WmGejmkEs+KjLGTEn+GoQXWiauq1IGCse"
    "ZdPUHBs0ltW+vGKwFIaU1V93SXNRMA7tyjUSkurMO0aQ6drZ7PmNlfVg53FHuQlVUNFLDoSRfibIr95r7s8NCr/uBGoh/QU8"
    "ywIDAQAB"
)
# openssl dgst -sha256 -sign rsa.pem body | base64 -w0
RSA_SIGNED: Final = (
    "FSfWNkNIU1NTrXyQmzJ1DAt9sZuwPP/OFbrWF9X7YFCNEd0jjh1ZV8Ty0N+s1F1GlMXTu/bL8cDZ9Rnl+76E1GqnNwj5oG02"
    "mhXcZcYsiKStSdqqxdoMqTmnZsF0eVGmTNuK7mtbPgCqb8l5ul88tZ6ZOhAoSW+lioZQe506trocSIz+MpdzgARKrs0hbhDk"
    "qFjuBMb33gYNNzd+ikznMdSi5FtBK1hFoUXrOGd2/xTu1WZZGWXavAxmlsVUZZ0jfUK2nKKgth+vDS0S9A7dzQP08mqdlYl7"
    "DNK4ngDOpGgeEArAhR4gkEHlMOJBoDBSVJHYmzRLlmVctNmFzDS0Jg=="
)


def a_source_of(**options: object) -> Source:
    """One whose platform signs with openssl's keys, in the location of the body."""
    named = {"public_keys": [ED25519_KEY, RSA_KEY], "location_id": LOCATION, **options}
    told = {name: value for name, value in named.items() if value is not None}
    return replace(a_source("highlevel"), options=told)


def posted(headers: Mapping[str, str], *, body: bytes = BODY, token: str | None = None) -> Request:
    return Request("POST", URL, {**headers, "content-type": kit.JSON}, body, "203.0.113.9", NOW, token=token)


@pytest.mark.parametrize(("header", "signed"), [(HEADER, ED25519_SIGNED), (LEGACY_HEADER, RSA_SIGNED)])
def test_a_signature_made_by_openssl_is_taken_and_any_other_refused(header: str, signed: str) -> None:
    source = a_source_of()
    assert opened(source, posted({header: signed}))
    for changed in (
        posted({header: signed}, body=BODY.replace(b"j", b"J", 1)),
        posted({header: signed.replace("=", "")}),
        posted({header: "A" + signed[1:]}),
        posted({header: signed.swapcase()}),
        posted({header: f"{signed}, {signed}"}),
        posted({header: ED25519_SIGNED if signed == RSA_SIGNED else RSA_SIGNED}),
    ):
        with pytest.raises(SignatureRefused):
            opened(source, changed)


def test_the_newer_signature_decides_where_it_is_there() -> None:
    """The platform's own library does not fall back either."""
    source = a_source_of()
    wrong = base64_of(stand_in_key("another").sign(BODY))
    secret = source.secrets[0]
    with pytest.raises(SignatureRefused):
        opened(source, posted({HEADER: wrong, LEGACY_HEADER: RSA_SIGNED}))
    with pytest.raises(SignatureRefused):
        opened(source, posted({HEADER: wrong, "authorization": f"Bearer {secret}"}))
    with pytest.raises(SignatureRefused):
        opened(source, posted({LEGACY_HEADER: "AAAA"}, token=secret))
    assert opened(source, posted({HEADER: ED25519_SIGNED, LEGACY_HEADER: "AAAA"}))


@pytest.mark.parametrize("nothing", ["N/A", "n/a", " N/A ", ""])
def test_the_words_for_no_signature_are_none(nothing: str) -> None:
    source = a_source_of()
    assert opened(source, posted({HEADER: nothing, LEGACY_HEADER: RSA_SIGNED}))
    with pytest.raises(SignatureRefused):
        opened(source, posted({HEADER: nothing, LEGACY_HEADER: nothing}))


def test_of_what_the_platform_signs_for_everybody_only_the_sources_own_location_is_taken() -> None:
    signed = {HEADER: ED25519_SIGNED}
    assert opened(a_source_of(location_id=["elsewhere", LOCATION]), posted(signed))
    for named in (None, "elsewhere", [" "]):
        with pytest.raises(SignatureRefused):
            opened(a_source_of(location_id=named), posted(signed))


def test_a_secret_in_the_path_stands_for_the_location() -> None:
    source = a_source_of(location_id=None)
    assert opened(source, posted({HEADER: ED25519_SIGNED}, token=source.secrets[0]))
    with pytest.raises(NotFound):
        opened(source, posted({HEADER: ED25519_SIGNED}, token="wrong"))


def test_the_published_keys_count_unless_the_source_names_others() -> None:
    assert public_key(PUBLISHED) != public_key(ED25519_KEY)
    assert public_key(PUBLISHED_LEGACY) != public_key(RSA_KEY)
    for header, signed in ((HEADER, ED25519_SIGNED), (LEGACY_HEADER, RSA_SIGNED)):
        with pytest.raises(SignatureRefused):
            opened(a_source_of(public_keys=None), posted({header: signed}))


def test_a_workflow_presents_the_secret() -> None:
    source = a_source("highlevel")
    secret = source.secrets[0]
    body = SAMPLES["payment.succeeded"].body
    assert ADAPTER.sign(body, secret, NOW, URL) == {"Authorization": f"Bearer {secret}"}
    assert opened(source, posted({"authorization": f"Bearer {secret}"}, body=body))
    assert opened(source, posted({"x-connector-secret": secret}, body=body))
    assert opened(source, posted({}, token=secret, body=body))
    with pytest.raises(NotFound):
        opened(source, posted({}, token="wrong", body=body))
    with pytest.raises(SignatureRefused):
        opened(source, posted({"authorization": "Bearer wrong"}, body=body))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"location_id": ""}, "location_id: "),
        ({"location_id": 7}, "location_id: "),
        ({"location_id": []}, "location_id: "),
        ({"public_keys": "one"}, "public_keys: write a list"),
        ({"public_keys": []}, "public_keys: write a list"),
        ({"public_keys": ["no key"]}, "public_keys: this is no public key"),
        ({"public_keys": [ED25519_KEY] * 9}, "public_keys: write a list of 1 to 8"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], said: str) -> None:
    [fault] = ADAPTER.check_source(replace(a_source("highlevel"), options=options))
    assert fault.startswith(said)


def test_a_source_whose_keys_are_faulty_takes_nothing_by_them() -> None:
    source = a_source_of(public_keys=["no key", RSA_KEY])
    with pytest.raises(SignatureRefused):
        opened(source, posted({HEADER: ED25519_SIGNED}))


def test_without_a_currency_it_is_not_started() -> None:
    """An opportunity has a sum and no currency."""
    [fault] = ADAPTER.check_source(a_source("highlevel", currency=""))
    assert fault.startswith("currency: ")


def test_the_webhooks_own_id_comes_first() -> None:
    source = a_source("highlevel")
    [key] = keys(source, a_delivery(source, {**fields_of("highlevel__ContactTagUpdate"), "webhookId": "w-1"}))
    assert key == kit.Key("webhook w-1")


def test_without_one_the_record_its_state_and_its_change_tell_deliveries_apart() -> None:
    source = a_source("highlevel")
    order = fields_of("highlevel__OrderCreate")
    first = keys(source, a_delivery(source, order))
    assert first == (kit.Key("OrderCreate 660ed43bfdf9fc05a0de7a40 pending 2024-04-04T16:24:31.297Z"),)
    later = {**order, "updatedAt": "2024-04-04T17:00:00.000Z"}
    paid = {**order, "status": "completed"}
    assert (
        len({*first, *keys(source, a_delivery(source, later)), *keys(source, a_delivery(source, paid))}) == 3
    )


def test_where_nothing_tells_them_apart_the_body_speaks_for_ten_minutes() -> None:
    source = a_source("highlevel")
    [key] = keys(source, a_delivery(source, fields_of("highlevel__ContactTagUpdate")))
    assert key.weak


def test_an_unsigned_header_names_no_delivery_of_the_marketplace() -> None:
    source = a_source("highlevel")
    request = a_delivery(source, SAMPLES["invoice.paid"].body)
    assert keys(source, with_header(request, "idempotency-key", "another")) == keys(source, request)


def of_workflow(source: Source, body: dict[str, Any], **headers: str) -> Request:
    return a_delivery(source, body, headers=headers)


def test_a_workflows_appointment_is_known_by_its_state_and_start() -> None:
    source = a_source("highlevel")
    body = fields_of("highlevel__workflow_appointment")
    first = keys(source, of_workflow(source, body))
    assert [key.weak for key in first] == [False]
    again = {**body, "workflow": {"id": "another"}, "date_created": "2026-09-09T00:00:00Z"}
    assert keys(source, of_workflow(source, again)) == first
    for name, value in (("startTime", "2026-09-14T17:00:00"), ("appoinmentStatus", "showed")):
        other = {**body, "calendar": {**body["calendar"], name: value}}
        assert keys(source, of_workflow(source, other)) != first


def test_a_workflows_payment_is_known_by_its_transaction_and_a_header_counts() -> None:
    source = a_source("highlevel")
    request = a_delivery(source, SAMPLES["payment.succeeded"].body, headers={"idempotency-key": "run-9"})
    assert keys(source, request) == (
        kit.Key("idempotency-key run-9"),
        kit.Key("payment.succeeded payment-sample-1"),
    )


def test_it_is_told_429_when_we_are_busy_since_it_repeats_only_those() -> None:
    assert ADAPTER.answers.busy == 429


def test_a_proof_of_another_kind_does_not_help() -> None:
    source = a_source_of()
    request = without_header(posted({HEADER: ED25519_SIGNED}), HEADER)
    with pytest.raises(SignatureRefused):
        opened(source, with_header(request, LEGACY_HEADER, ED25519_SIGNED))
