"""The kit: the proof, the keys and the samples, apart from any platform."""

from dataclasses import FrozenInstanceError, replace

import pytest

from connector.adapters import kit, registry
from connector.adapters.kit import Key, key
from connector.domain.contacts import Trust
from connector.domain.errors import BadJson, NotFound, NotUnderstood, SignatureRefused, ValidationFailed

from .deliveries import a_delivery, a_source, opened


def test_a_secret_of_another_source_opens_nothing_here() -> None:
    ours, theirs = a_source("zapier"), a_source("zapier")
    with pytest.raises(SignatureRefused):
        opened(ours, a_delivery(theirs, b"{}"))


def test_the_proof_comes_before_the_reading() -> None:
    source = a_source("calendly")
    with pytest.raises(SignatureRefused):
        opened(source, replace(a_delivery(source, b"{}"), body=b"no json"))


def test_a_path_token_where_none_is_allowed_is_not_found_even_with_a_wrong_content_type() -> None:
    source = a_source("standard")
    request = replace(a_delivery(source, b"{}", content_type="text/plain"), token="x")
    with pytest.raises(NotFound) as refusal:
        opened(source, request)
    assert refusal.value.detail == kit.NO_SUCH_SOURCE


def test_verified_cannot_be_changed_afterwards() -> None:
    source = a_source("zapier")
    verified = opened(source, a_delivery(source, b"{}"))
    with pytest.raises(FrozenInstanceError):
        verified.source = source  # type: ignore[misc]


def test_a_payload_is_an_object() -> None:
    source = a_source("zapier")
    assert kit.payload(opened(source, a_delivery(source, b'{"a": 1}'))) == {"a": 1}
    assert kit.payload(opened(source, a_delivery(source, b"a=1", content_type=kit.FORM))) == {"a": "1"}
    with pytest.raises(NotUnderstood, match="found a JSON list"):
        kit.payload(opened(source, a_delivery(source, b'[{"a": 1}]')))
    with pytest.raises(BadJson):
        kit.payload(opened(source, a_delivery(source, b"a=1")))


def test_what_is_no_object_has_no_fields_but_may_have_a_key() -> None:
    source = a_source("zapier")
    verified = opened(source, a_delivery(source, b'[{"a": 1}]'))
    assert kit.known_fields(verified) == {}
    assert registry.find("zapier").delivery_ids(verified) == (
        Key(kit.body_key(verified.request, ""), weak=True),
    )


def test_one_logical_id_is_one_key() -> None:
    """Threats, row 84: blanks around an id are none of it, its case is."""
    assert key("order 1 ") == key(" order 1") == key("order  1") == Key("order%201")
    assert key("a", "b") == Key("a b")
    assert key("a b") != key("a", "b")
    assert key("ORD-1") != key("ord-1")


@pytest.mark.parametrize("text", ["é", "\ud800", "\x00", "x" * 201, "", " ", "a\x7f"], ids=ascii)
def test_an_unusual_id_is_kept_as_its_digest(text: str) -> None:
    found = key(text)
    assert found.text.startswith("sha256:")
    assert len(found.text) == 71
    assert found == key(text) != key(text + "y")


def test_a_key_is_strong_unless_it_says_otherwise() -> None:
    assert key("a").weak is False


def test_the_bodys_digest_changes_with_the_body_and_with_what_goes_with_it() -> None:
    source = a_source("zapier")
    request = a_delivery(source, b"{}")
    assert kit.body_key(request) == kit.body_key(replace(request, url="elsewhere"))
    found = {
        kit.body_key(request),
        kit.body_key(replace(request, body=b"{ }")),
        kit.body_key(request, "event=a"),
        kit.body_key(request, "event=b"),
        kit.body_key(request, "event=", "b"),
    }
    assert len(found) == 5


def test_renewing_changes_the_marker_everywhere_and_nothing_else() -> None:
    body = f'{{"id": "order-{kit.MARKER}", "email": "a.{kit.MARKER}@example.com", "n": 1}}'.encode()
    assert kit.renewed(body, "n-2") == b'{"id": "order-n-2", "email": "a.n-2@example.com", "n": 1}'
    one, other = (int(kit.renewed(str(kit.NUMBER).encode(), nonce)) for nonce in ("n-2", "n-3"))
    assert len({one, other, kit.NUMBER}) == 3, "what is numbered gets another number"


@pytest.mark.parametrize("nonce", ["", "a b", 'a"', "é", "x" * 41, "a&b", "a\n"])
def test_a_nonce_that_would_break_the_body_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="letters, digits or dashes"):
        kit.renewed(b"{}", nonce)


def test_a_sample_is_found_by_either_name_and_a_typo_is_answered() -> None:
    calendly = registry.find("calendly")
    assert kit.find_sample(calendly, "invitee.created").event_type == "booking.created"
    assert kit.find_sample(calendly, "booking.rescheduled").platform_name == "invitee.created"
    with pytest.raises(ValidationFailed, match=r"did you mean 'invitee\.created'"):
        kit.find_sample(calendly, "invitee.craeted")


def test_a_platform_that_sends_no_currency_needs_the_sources() -> None:
    assert kit.needs_currency(a_source("zapier")) == []
    [fault] = kit.needs_currency(a_source("zapier", currency=""))
    assert fault.startswith("currency: ")


def test_a_secret_that_no_utf_8_can_hold_is_a_key_all_the_same() -> None:
    assert kit.keys_of(a_source("zapier", secrets=["\ud800", " "])) == [b"\xed\xa0\x80"]


def test_what_a_proxy_says_of_our_url_is_the_sources_own_option() -> None:
    plain = a_source("square")
    named = a_source("square", signed_url="https://shop.example/square")
    assert kit.signed_url(plain, "https://ours.example") == "https://ours.example"
    assert kit.signed_url(named, "https://ours.example") == "https://shop.example/square"
    assert kit.url_faults(named) == []
    for wrong in ("", "shop.example", 7, "https://a b"):
        [fault] = kit.url_faults(a_source("square", signed_url=wrong))
        assert fault.startswith("signed_url: ")


@pytest.mark.parametrize(
    ("adapter", "event_type", "left_out", "said_yes", "said_no"),
    [
        ("calendly", "booking.created", Trust.VOUCHED, Trust.VOUCHED, Trust.BY_ID),
        ("shopify", "order.paid", Trust.VOUCHED, Trust.VOUCHED, Trust.BY_ID),
        ("zapier", "order.paid", Trust.BY_ID, Trust.VOUCHED, Trust.BY_ID),
        ("generic", "order.paid", Trust.BY_ID, Trust.VOUCHED, Trust.BY_ID),
        ("typeform", "form.submitted", Trust.TYPED, Trust.VOUCHED, Trust.TYPED),
        ("highlevel", "form.submitted", Trust.TYPED, Trust.VOUCHED, Trust.TYPED),
        ("zapier", "survey.completed", Trust.TYPED, Trust.VOUCHED, Trust.TYPED),
    ],
)
def test_a_source_is_believed_as_its_platform_its_event_and_its_option_say(
    adapter: str, event_type: str, left_out: Trust, said_yes: Trust, said_no: Trust
) -> None:
    sources = [a_source(adapter), a_source(adapter, vouches=True), a_source(adapter, vouches=False)]

    told = [kit.trust_in(registry.find(adapter), one, event_type) for one in sources]

    assert told == [left_out, said_yes, said_no]
    strange = kit.common_faults(a_source(adapter, vouches="yes"))
    assert strange == ["vouches: write true or false"]
