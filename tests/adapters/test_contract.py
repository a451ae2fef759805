"""What is asked of every adapter that the registry finds; nobody adds a line here to add one."""

import ast
import json
import os
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.adapters import kit, registry
from connector.adapters.kit import Adapter, Sample
from connector.domain.errors import (
    BadJson,
    NotFound,
    NotUnderstood,
    SignatureRefused,
    ValidationFailed,
    WrongContentType,
)
from connector.domain.events import is_event_type
from connector.domain.inbound import Request, Source
from connector.store.deliveries import PROOFS

from .deliveries import (
    NOW,
    URL,
    a_delivery,
    a_sample,
    a_source,
    keys,
    opened,
    read_all,
    read_one,
    with_header,
    without_header,
)

ALL: Final = tuple(registry.adapters().values())
EVERY: Final = [pytest.param(adapter, id=adapter.name) for adapter in ALL]
EVERY_SAMPLE: Final = [
    pytest.param(adapter, sample, id=f"{adapter.name}-{name}")
    for adapter in ALL
    for name, sample in adapter.samples.items()
]
MUTATED: Final = 50_000 // len(ALL) + 1 if os.environ.get("CONNECTOR_SOAK") else 120
"""Requests of each of two kinds for each adapter: 100,000 in all in `make soak`."""
ONLY_FOR_TEN_MINUTES: Final = ("acuity", "simplybook")
"""Platforms that write the same body when the same thing truly happens again."""
BY_SECOND_KEYS: Final = ("highlevel", "mindbody", "shopify", "square", "stripe", "vagaro", "woocommerce")
"""Platforms that tell of one thing under several ids, or whose ids are not signed."""
ONCE: Final = (
    *("booking.cancelled", "booking.completed", "booking.no_show", "deal.won", "invoice.paid"),
    *("order.paid", "order.refunded", "payment.succeeded", "payment.refunded"),
)
JUNK: Final = (
    "",
    " ",
    "x",
    "=",
    ",",
    "v1,",
    "t=,v1=",
    "é" * 40,
    "\ud800",
    "\x00",
    "9" * 500,
    "-1",
    "NaN",
    "A" * 8_192,
    "Basic \ud800=: Bearer",
)
STRANGE: Final = (
    b"",
    b"null",
    b"[]",
    b"[[{}]]",
    b"7",
    b'"text"',
    b"{}",
    b'{"type": {}, "event": [], "payload": 7, "data": "x"}',
    b'{"type": "booking.completed", "id": {"a": 1}}',
    b'{"type": "invoice.paid", "id": "i", "amount": "1,234.50", "currency": "USD"}',
    b'{"type": "invoice.paid", "id": "i", "amount": true}',
    b'{"type": "!!!"}',
    b'{"a": 1, "a": 2}',
    b'{"a": NaN}',
    b'{"a": "\\u0000"}',
    b'{"a": "\\ud800"}',
    b"\xff\xfe{\x00}\x00",
    b"[" * 900 + b"]" * 900,
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"a": 1',
)


def sample_of(adapter: Adapter) -> Sample:
    return next(iter(adapter.samples.values()))


def kind_of(adapter: Adapter) -> str:
    """What an adapter is written to in: JSON where it takes that."""
    return kit.JSON if kit.JSON in adapter.content_types else adapter.content_types[0]


def body_of(adapter: Adapter, fields: Mapping[str, Any]) -> bytes:
    """`fields` as this adapter's kind of body."""
    return (json.dumps(fields) if kind_of(adapter) == kit.JSON else urlencode(fields)).encode()


def a_sample_delivery(adapter: Adapter, source: Source) -> Request:
    return a_sample(source, sample_of(adapter))


def proofs(adapter: Adapter, source: Source) -> list[str]:
    sample = sample_of(adapter)
    return [name.lower() for name in kit.signed_headers(adapter, source, sample.body, NOW, URL)]


@pytest.mark.parametrize("adapter", EVERY)
class TestProof:
    def test_what_the_platform_signed_is_taken(self, adapter: Adapter) -> None:
        source = a_source(adapter.name)
        request = a_sample_delivery(adapter, source)
        verified = opened(source, request)
        assert (verified.request, verified.source) == (request, source)

    def test_either_secret_of_a_rotation_is_taken(self, adapter: Adapter) -> None:
        old, new = adapter.new_secret(), adapter.new_secret()
        for signing in (old, new):
            request = a_sample_delivery(adapter, a_source(adapter.name, secrets=[signing]))
            assert opened(a_source(adapter.name, secrets=[new, old]), request)

    def test_a_secret_that_was_rotated_out_is_refused(self, adapter: Adapter) -> None:
        """T02: as one of another source."""
        request = a_sample_delivery(adapter, a_source(adapter.name))
        with pytest.raises(SignatureRefused):
            opened(a_source(adapter.name), request)

    @pytest.mark.parametrize("secrets", [(), ("",), ("", " ", "\t\n")], ids=["none", "empty", "blank"])
    def test_without_a_secret_everything_is_refused(self, adapter: Adapter, secrets: tuple[str, ...]) -> None:
        request = a_sample_delivery(adapter, a_source(adapter.name))
        with pytest.raises(SignatureRefused):
            opened(a_source(adapter.name, secrets=secrets), request)

    def test_a_forger_who_signs_with_nothing_is_refused(self, adapter: Adapter) -> None:
        source = a_source(adapter.name)
        for name in proofs(adapter, source):
            request = with_header(a_sample_delivery(adapter, source), name, "")
            with pytest.raises(SignatureRefused):
                opened(replace(source, secrets=("", source.secrets[0])), request)

    def test_without_its_proof_it_is_refused(self, adapter: Adapter) -> None:
        """T08; threats, row 76."""
        source = a_source(adapter.name)
        request = a_sample_delivery(adapter, source)
        for name in proofs(adapter, source):
            with pytest.raises(SignatureRefused):
                opened(source, without_header(request, name))

    @pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
    def test_junk_in_any_of_its_headers_is_refused_like_any_wrong_proof(
        self, adapter: Adapter, junk: str
    ) -> None:
        source = a_source(adapter.name)
        request = a_sample_delivery(adapter, source)
        for name in proofs(adapter, source):
            with pytest.raises(SignatureRefused) as refusal:
                opened(source, with_header(request, name, junk))
            assert refusal.value.detail == SignatureRefused.title

    def test_a_proof_that_is_cut_padded_or_written_otherwise_is_refused(self, adapter: Adapter) -> None:
        """T01; threats, row 78."""
        source = a_source(adapter.name)
        request = a_sample_delivery(adapter, source)
        for name in proofs(adapter, source):
            good = request.headers[name]
            # A blank at the end is no other secret: servers and proxies drop it.
            others = {good[:-1], good[:1], good[: len(good) // 2], good + "x", good.swapcase()}
            for bad in others - {good}:
                with pytest.raises(SignatureRefused):
                    opened(source, with_header(request, name, bad))

    def test_a_proof_sent_twice_is_refused(self, adapter: Adapter) -> None:
        """Threats, row 80: neither of the two counts."""
        source = a_source(adapter.name)
        request = a_sample_delivery(adapter, source)
        for name in proofs(adapter, source):
            good = request.headers[name]
            for doubled in (f"{good}, {good}", f"{good}, x", f"x, {good}"):
                with pytest.raises(SignatureRefused):
                    opened(source, with_header(request, name, doubled))

    def test_one_changed_byte_anywhere_is_refused(self, adapter: Adapter) -> None:
        """T03."""
        source = a_source(adapter.name)
        request = a_sample_delivery(adapter, source)
        if not is_signing(adapter):
            return
        for place in range(len(request.body)):
            changed = bytearray(request.body)
            changed[place] ^= 1
            with pytest.raises(SignatureRefused):
                opened(source, replace(request, body=bytes(changed)))

    def test_the_same_json_written_otherwise_is_refused(self, adapter: Adapter) -> None:
        """T04."""
        source = a_source(adapter.name)
        request = a_sample_delivery(adapter, source)
        if not is_signing(adapter) or sample_of(adapter).content_type != kit.JSON:
            return
        with pytest.raises(SignatureRefused):
            opened(source, replace(request, body=request.body.replace(b": ", b":")))

    def test_a_path_token_is_another_address_where_none_is_allowed(self, adapter: Adapter) -> None:
        source = a_source(adapter.name)
        request = replace(a_sample_delivery(adapter, source), token=source.secrets[0])
        if adapter.allows_path_token:
            assert opened(source, request)
        else:
            with pytest.raises(NotFound):
                opened(source, request)

    @pytest.mark.parametrize(
        "content_type",
        [
            "",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/json, application/json",
            "application/json; charset=utf-7",
            "application/json; charset=nope",
            "application/xml",
        ],
    )
    def test_a_body_of_another_kind_is_refused_unread(self, adapter: Adapter, content_type: str) -> None:
        source = a_source(adapter.name)
        if content_type.startswith(adapter.content_types) and "charset" not in content_type:
            return
        with pytest.raises(WrongContentType):
            opened(source, with_header(a_sample_delivery(adapter, source), "content-type", content_type))

    @pytest.mark.parametrize("coding", ["gzip", "br", "gzip, gzip", "nonsense"])
    def test_a_compressed_body_is_refused(self, adapter: Adapter, coding: str) -> None:
        source = a_source(adapter.name)
        with pytest.raises(WrongContentType):
            opened(source, with_header(a_sample_delivery(adapter, source), "content-encoding", coding))

    def test_a_charset_of_utf_8_is_welcome(self, adapter: Adapter) -> None:
        source = a_source(adapter.name)
        kind = f'{sample_of(adapter).content_type}; charset="UTF-8"'
        assert opened(source, with_header(a_sample_delivery(adapter, source), "content-type", kind))

    def test_fresh_secrets_differ_and_pass_the_check(self, adapter: Adapter) -> None:
        assert adapter.new_secret() != adapter.new_secret()
        assert adapter.check_source(a_source(adapter.name)) == []


def is_signing(adapter: Adapter) -> bool:
    """Whether what the platform sends depends on the body; a shared secret does not."""
    secret = adapter.new_secret()
    return adapter.sign(b"{}", secret, NOW, URL) != adapter.sign(b"[]", secret, NOW, URL)


@pytest.mark.parametrize("adapter", EVERY)
class TestReading:
    @pytest.mark.parametrize("body", STRANGE, ids=range(len(STRANGE)))
    def test_a_strange_body_is_refused_by_name_or_ignored(self, adapter: Adapter, body: bytes) -> None:
        source = a_source(adapter.name)
        for content_type in adapter.content_types:
            verified = opened(source, a_delivery(source, body, content_type=content_type))
            with pytest.raises((BadJson, NotUnderstood)) as refusal:
                assert adapter.read(verified) == []
                raise NotUnderstood("ignored")
            assert refusal.value.detail
            try:
                adapter.delivery_ids(verified)
            except BadJson as fault:
                told = (fault.detail, refusal.value.detail)
                assert len({one.partition("; a form body")[0] for one in told}) == 1

    @pytest.mark.parametrize("cut", [0.1, 0.5, 0.9])
    def test_half_a_sample_is_no_json(self, adapter: Adapter, cut: float) -> None:
        source, sample = a_source(adapter.name), sample_of(adapter)
        if sample.content_type == kit.FORM:
            return
        with pytest.raises(BadJson):
            read_all(source, a_sample(source, sample, body=sample.body[: int(len(sample.body) * cut)]))

    def test_a_source_may_name_its_own_delivery_id(self, adapter: Adapter) -> None:
        fields = {"event": "x.y", "type": "custom.x", "deep": {"ids": ["a", "b"]}, "label": "b", "n": 7}
        body, kind = body_of(adapter, fields), kind_of(adapter)
        plain = a_source(adapter.name)
        named = "deep.ids.1 + n" if kind == kit.JSON else "label + n"
        source = replace(plain, options={"delivery_id": named})
        assert keys(source, a_delivery(source, body, content_type=kind))[0] == kit.Key("delivery_id b 7")
        elsewhere = replace(plain, options={"delivery_id": "deep.none"})
        assert keys(elsewhere, a_delivery(elsewhere, body, content_type=kind)) == keys(
            plain, a_delivery(plain, body, content_type=kind)
        )

    @pytest.mark.parametrize("option", [7, "", "a..b", " + ", ["a"]], ids=str)
    def test_a_delivery_id_that_is_no_path_is_a_fault(self, adapter: Adapter, option: object) -> None:
        [fault] = adapter.check_source(replace(a_source(adapter.name), options={"delivery_id": option}))
        assert fault.startswith("delivery_id: ")

    def test_an_option_that_it_does_not_know_is_a_fault_and_what_every_source_may_say_is_none(
        self, adapter: Adapter
    ) -> None:
        plain = a_source(adapter.name)
        common = {"tests": "ignore", "vouches": True, "delivery_id": "id"}
        assert kit.faults_of(adapter, replace(plain, options={**plain.options, **common})) == []
        [fault] = kit.faults_of(adapter, replace(plain, options={**plain.options, "test": "ignore"}))
        assert fault.startswith(f"test: {adapter.name} has no such option; ")
        own = dict.fromkeys(adapter.options, "x")
        assert not [one for one in kit.faults_of(adapter, replace(plain, options=own)) if "no such" in one]


@pytest.mark.parametrize(("adapter", "sample"), EVERY_SAMPLE)
class TestSamples:
    def test_a_sample_says_what_it_claims(self, adapter: Adapter, sample: Sample) -> None:
        source = a_source(adapter.name)
        [event] = read_all(source, a_sample(source, sample))
        assert event.type == sample.event_type
        assert is_event_type(event.type)
        assert event.occurred_at.utcoffset() == timedelta(0)
        assert adapter.samples[sample.event_type] is sample
        assert sample.content_type.partition(";")[0] in adapter.content_types

    def test_a_sample_sent_again_is_known_again(self, adapter: Adapter, sample: Sample) -> None:
        source = a_source(adapter.name)
        first = keys(source, a_sample(source, sample))
        again = keys(source, a_sample(source, sample, at=NOW + timedelta(hours=3)))
        assert first == again
        assert first
        assert not first[0].weak or adapter.name in ONLY_FOR_TEN_MINUTES

    def test_a_renewed_sample_is_another_delivery_of_another_person(
        self, adapter: Adapter, sample: Sample
    ) -> None:
        source = a_source(adapter.name)
        body = kit.renewed(sample.body, "x7")
        assert body != sample.body
        assert set(keys(source, a_sample(source, sample, body=body))).isdisjoint(
            keys(source, a_sample(source, sample))
        )
        [event], [old] = (read_all(source, a_sample(source, sample, body=raw)) for raw in (body, sample.body))
        assert event.type == old.type
        assert event.key is None or event.key != old.key
        if old.contact is not None:
            assert event.contact is not None
            one, other = event.contact, old.contact
            assert (one.email, one.external_id) != (other.email, other.external_id)
            assert one.phone is None
        for name, part in event.parts.items():
            if isinstance(part, dict) and "id" in part:
                assert part["id"] != old.parts[name]["id"]

    def test_what_was_stored_without_its_proof_is_read_the_same(
        self, adapter: Adapter, sample: Sample
    ) -> None:
        source = a_source(adapter.name)
        request = a_sample(source, sample)
        kept = {name: text for name, text in request.headers.items() if name not in proofs(adapter, source)}
        stored = replace(request, headers=kept, url="", address="")
        assert adapter.read(kit.stored_delivery(stored, source)) == read_all(source, request)

    def test_no_header_of_a_sample_is_forgotten_when_it_is_stored(
        self, adapter: Adapter, sample: Sample
    ) -> None:
        assert not [name for name in sample.headers if any(proof in name.lower() for proof in PROOFS)]

    def test_reading_twice_gives_the_same(self, adapter: Adapter, sample: Sample) -> None:
        source = a_source(adapter.name)
        request = a_sample(source, sample)
        assert read_all(source, request) == read_all(source, request)

    def test_a_sample_is_found_by_our_name_and_by_the_platforms(
        self, adapter: Adapter, sample: Sample
    ) -> None:
        assert kit.find_sample(adapter, sample.event_type) is sample
        assert kit.find_sample(adapter, sample.platform_name).platform_name == sample.platform_name


@pytest.mark.parametrize("adapter", EVERY)
class TestDescription:
    def test_it_says_what_people_ask_of_an_adapter(self, adapter: Adapter) -> None:
        source = Path(kit.__file__).with_name(f"{adapter.name}.py").read_text(encoding="utf-8")
        said = ast.get_docstring(ast.parse(source)) or ""
        for word in (
            "Signature:",
            "Replay:",
            "Delivery id:",
            "Money:",
            "Time zone:",
            "Retries:",
            "Known limits:",
            "How sure:",
        ):
            assert f"- {word}" in said, f"{adapter.name}.py does not say {word}"
        assert adapter.title
        assert adapter.setup.endswith(".")

    def test_it_has_a_test_file_of_its_own(self, adapter: Adapter) -> None:
        assert Path(__file__).with_name(f"test_{adapter.name}.py").is_file()

    def test_its_answers_are_answers(self, adapter: Adapter) -> None:
        answers = adapter.answers
        assert answers.rejected in (422, 200)
        assert answers.accepted in (202, 200)
        assert answers.busy in (503, 429)

    def test_a_sample_that_it_lacks_is_answered_with_a_near_one(self, adapter: Adapter) -> None:
        name = next(iter(adapter.samples))
        with pytest.raises(ValidationFailed, match="did you mean"):
            kit.find_sample(adapter, name + "x")
        with pytest.raises(ValidationFailed, match="there are"):
            kit.find_sample(adapter, "§§§")


HEADER_TEXT: Final = st.text(alphabet=st.characters(codec=None), max_size=200) | st.sampled_from(JUNK)
VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20).map(str)
    | st.sampled_from(["", "null", "25.00", "1,234.50", "2026-11-20", "2026-11-20T15:00:00+99:00", "１２"])
    | st.text(string.printable, max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
FIELD_NAMES: Final = st.sampled_from(
    [
        "type",
        "event",
        "id",
        "payload",
        "data",
        "amount",
        "currency",
        "occurred_at",
        "starts_at",
        "points",
        "tag",
        "tags",
        "email",
        "phone",
        "booking_id",
        "created_at",
    ]
)
PLACES: Final = st.integers(0, 10_000)


def a_part_changed(value: Any, place: int, other: Any) -> Any:
    """The value with one of its parts, however deep, being `other`; `place` chooses which."""
    if not isinstance(value, dict | list) or not value or place % 7 == 0:
        return other
    names = sorted(value) if isinstance(value, dict) else range(len(value))
    chosen = names[place % len(names)]
    below = a_part_changed(value[chosen], place // len(names), other)
    if isinstance(value, dict):
        return {**value, chosen: below}
    return [*value[:chosen], below, *value[chosen + 1 :]]


@pytest.mark.parametrize("adapter", EVERY)
@settings(max_examples=MUTATED, derandomize=True, database=None, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_one_place_of_a_sample_only_the_named_errors_come_out(
    adapter: Adapter, data: st.DataObject
) -> None:
    source = a_source(adapter.name, currency=data.draw(st.sampled_from(["USD", ""])))
    sample = data.draw(st.sampled_from(list(adapter.samples.values())))
    try:
        whole = json.loads(sample.body)
    except ValueError:  # a form: what its text may hold is asked above
        return
    other = data.draw(VALUES | st.integers(-(10**20), 10**20) | st.booleans())
    body = json.dumps(a_part_changed(whole, data.draw(PLACES), other)).encode()
    verified = opened(source, a_sample(source, sample, body=body))
    try:
        for key in adapter.delivery_ids(verified):
            assert key.text.isascii()
            assert len(key.text) <= 255
        for event in adapter.read(verified):
            assert is_event_type(event.type)
            assert event.occurred_at.tzinfo is UTC
            assert event.parts is not None
            assert event.key is None or len(event.key) <= 1_000
    except (BadJson, NotUnderstood) as fault:
        assert source.secrets[0] not in fault.detail


@pytest.mark.parametrize(
    ("adapter", "name"),
    [
        pytest.param(one, name, id=f"{one.name}-{name}")
        for one in ALL
        for name in one.samples
        if one.name in BY_SECOND_KEYS and name in ONCE
    ],
)
def test_what_happens_once_has_a_second_key_of_its_own(adapter: Adapter, name: str) -> None:
    """Which holds where the delivery comes under another id; one thing's is never another's."""
    source, sample = a_source(adapter.name), adapter.samples[name]
    event, other = (
        read_one(source, a_sample(source, sample, body=body))
        for body in (sample.body, kit.renewed(sample.body, "other-1"))
    )
    assert event.key is not None
    assert (event.type.partition(".")[0] in event.key, event.key == other.key) == (True, False)


TYPES: Final = st.sampled_from(
    [
        "booking.completed",
        "invoice.paid",
        "points.earned",
        "contact.tag_added",
        "referral.completed",
        "invitee.created",
        "schedule.due",
    ]
)


@pytest.mark.parametrize("adapter", EVERY)
@settings(max_examples=MUTATED, derandomize=True, database=None, deadline=None)
@given(data=st.data())
def test_whatever_is_sent_only_the_named_errors_come_out(adapter: Adapter, data: st.DataObject) -> None:
    source = a_source(adapter.name, currency=data.draw(st.sampled_from(["USD", ""])))
    fields = data.draw(st.dictionaries(FIELD_NAMES, VALUES, max_size=8))
    name = data.draw(st.sampled_from(["type", "event"]))
    body = {**fields, name: data.draw(TYPES | VALUES)}
    kind = kind_of(adapter)
    query = data.draw(st.text(max_size=30))
    request = a_delivery(source, body_of(adapter, body), content_type=kind, query=query)
    if data.draw(st.booleans()):
        raw = bytearray(request.body)
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
        request = a_delivery(source, bytes(raw), content_type=kind, query=query)
    if data.draw(st.booleans()):
        header = data.draw(
            st.sampled_from([*request.headers, "idempotency-key", "authorization", "x-connector-secret"])
        )
        request = with_header(request, header, data.draw(HEADER_TEXT))
    try:
        verified = kit.open_delivery(adapter, request, source)
    except (SignatureRefused, WrongContentType):
        return
    try:
        for key in adapter.delivery_ids(verified):
            assert key.text.isascii()
            assert len(key.text) <= 255
    except BadJson:
        pass
    try:
        for event in adapter.read(verified):
            assert is_event_type(event.type)
            assert event.type != "schedule.due"
            assert event.occurred_at.tzinfo is UTC
    except (BadJson, NotUnderstood) as fault:
        assert source.secrets[0] not in fault.detail
