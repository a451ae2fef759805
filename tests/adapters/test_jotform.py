"""Jotform: a secret in the URL, multipart bodies, and answers in two shapes."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from connector.adapters import kit
from connector.adapters.jotform import ADAPTER
from connector.domain.contacts import Person
from connector.domain.errors import BadJson, NotFound, NotUnderstood, SignatureRefused
from connector.domain.events import Event, Form
from connector.domain.inbound import Request, Source

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import fields_of

CAPTURED: Final = "jotform__submission_captured"
PRETTY: Final = "jotform__submission_pretty"
# As curl 7.88.1 sent it: curl -F submissionID=77 -F 'rawRequest={"q4_email":"ada@example.com"}'
CURL_KIND: Final = "multipart/form-data; boundary=------------------------4472e3fbf45f6440"
CURL_BODY: Final = (
    b'--------------------------4472e3fbf45f6440\r\nContent-Disposition: form-data; name="submissionID"\r\n'
    b"\r\n77\r\n"
    b'--------------------------4472e3fbf45f6440\r\nContent-Disposition: form-data; name="rawRequest"\r\n\r\n'
    b'{"q4_email":"ada@example.com"}\r\n--------------------------4472e3fbf45f6440--\r\n'
)


def in_a_form(source: Source, fields: dict[str, str]) -> Request:
    return a_delivery(source, urlencode(fields).encode(), content_type=kit.FORM)


def with_raw(source: Source, raw: Any) -> Request:
    return in_a_form(
        source, {"submissionID": "77", "rawRequest": raw if isinstance(raw, str) else json.dumps(raw)}
    )


def test_the_secret_as_last_part_of_the_url_is_enough_and_a_wrong_one_is_no_address() -> None:
    source = a_source("jotform", secrets=["new-token", "old-token"])
    headers = {"content-type": CURL_KIND}
    for token in ("new-token", "old-token"):
        request = Request("POST", URL, headers, CURL_BODY, "203.0.113.9", NOW, token=token)
        event = ADAPTER.read(opened(source, request))[0]
        assert event.contact == Person(email="ada@example.com")
    with pytest.raises(NotFound):
        opened(source, Request("POST", URL, headers, CURL_BODY, "203.0.113.9", NOW, token="other"))
    with pytest.raises(SignatureRefused):
        opened(source, Request("POST", URL, headers, CURL_BODY, "203.0.113.9", NOW))


def test_the_whole_event_of_a_captured_submission() -> None:
    source, fields = a_source("jotform"), fields_of(CAPTURED)
    raw = json.loads(fields["rawRequest"])
    nowhere = " test test test test test"
    assert read_one(source, in_a_form(source, fields)) == Event(
        type="form.submitted",
        occurred_at=datetime(2025, 11, 9, 0, 52, 6, 949000, tzinfo=UTC),
        data={**fields, "rawRequest": raw},
        form=Form(
            id="6384587270219720384",
            title="253117572694059",
            answers={
                "workshopName": "test",
                "workshopDate": {"month": "11", "day": "18", "year": "2025"},
                "workshopTime": {
                    "timeInput": "12:42",
                    "hourSelect": "12",
                    "minuteSelect": "42",
                    "ampm": "AM",
                },
                "workshopAddress": {
                    "addr_line1": nowhere,
                    "addr_line2": nowhere,
                    "city": nowhere,
                    "state": nowhere,
                    "postal": " test test test test",
                },
                "workshopDescription": "test descriptoopm",
                "workshopNotes": "test notes",
            },
        ),
    )
    assert keys(source, in_a_form(source, fields)) == (kit.Key("submission 6384587270219720384"),)


def test_the_whole_event_of_the_other_recorded_submission() -> None:
    source, fields = a_source("jotform"), fields_of(PRETTY)
    raw = {"q1_name": {"first": "Bart", "last": "Simpson"}, "q2_yourMessage": "¡Ay, caramba!"}
    assert read_one(source, in_a_form(source, fields)) == Event(
        type="form.submitted",
        occurred_at=NOW,
        data={**fields, "rawRequest": raw},
        form=Form(
            "237955080346633702",
            "31751954731962",
            {"name": {"first": "Bart", "last": "Simpson"}, "yourMessage": "¡Ay, caramba!"},
        ),
    )


def test_answers_with_text_and_type_are_read_as_well() -> None:
    source = a_source("jotform")
    raw = {
        "3": {
            "name": "fullName",
            "text": "Name",
            "type": "control_fullname",
            "answer": {"first": "Ada", "last": "Bell"},
        },
        "4": {"text": "Where can we write to you?", "type": "control_email", "answer": "Ada@Example.com"},
        "5": {"text": "Call me", "type": "control_phone", "answer": {"full": "(415) 555-0113"}},
        "6": {"text": "Why?", "type": "control_textbox", "answer": "A stiff neck"},
    }
    event = read_one(source, with_raw(source, raw))
    assert event.contact == Person(None, "ada@example.com", "+14155550113", "Ada", "Bell")
    assert event.form is not None
    assert event.form.answers["Why?"] == "A stiff neck"
    assert list(event.form.answers) == ["Name", "Where can we write to you?", "Call me", "Why?"]


@pytest.mark.parametrize(
    ("raw", "person"),
    [
        ({"q4_email": "null", "q5_email2": "ada@example.com"}, Person(email="ada@example.com")),
        ({"q4_eMail": "ada@example.com"}, Person(email="ada@example.com")),
        ({"q4_phoneNumber": {"area": "415", "phone": "5550113"}}, Person(phone="+14155550113")),
        ({"q4_mobile": "+14155550113"}, Person(phone="+14155550113")),
        ({"q4_message": "ada@example.com"}, None),
        ({"email": "ada@example.com"}, None),
        ({"q4_name": {"first": "Ada", "last": "Bell"}}, None),
        ({"q4_email": {"a": 1}, "q5_phone": {"full": None}}, None),
    ],
)
def test_a_person_is_read_from_fields_that_are_called_so(raw: dict[str, Any], person: Person | None) -> None:
    source = a_source("jotform")
    assert read_one(source, with_raw(source, raw)).contact == person


@pytest.mark.parametrize("raw", ["", " ", "null", {}])
def test_a_submission_without_answers_is_one_all_the_same(raw: Any) -> None:
    source = a_source("jotform")
    event = read_one(source, with_raw(source, raw))
    assert event.form == Form("77")


def test_a_block_in_json_is_taken_where_somebody_passes_it_on() -> None:
    source = a_source("jotform")
    body = {"submissionID": 6384587270219720384, "rawRequest": {"q4_email": "ada@example.com"}}
    event = read_one(source, a_delivery(source, body))
    assert (event.form, event.contact) == (
        Form("6384587270219720384", answers={"email": "ada@example.com"}),
        Person(email="ada@example.com"),
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"formID": "1"}, "looked for `submissionID`, `rawRequest`; found `formID`"),
        ({"submissionID": "null"}, "looked for `submissionID`"),
        ({"submissionID": "1", "rawRequest": "{"}, "`rawRequest`: The body is not JSON"),
        ({"submissionID": "1", "rawRequest": "[1]"}, "`rawRequest`: is no block"),
        ({"submissionID": "1", "rawRequest": '{"submitDate": "soon"}'}, "`rawRequest.submitDate`"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(fields: dict[str, str], said: str) -> None:
    source = a_source("jotform")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, in_a_form(source, fields))
    assert said in refusal.value.detail


def test_a_broken_multipart_body_is_refused_after_its_proof() -> None:
    source = a_source("jotform")
    request = a_delivery(source, CURL_BODY[:-4], content_type=CURL_KIND)
    with pytest.raises(BadJson):
        read_all(source, request)
    with pytest.raises(SignatureRefused):
        opened(source, replace(request, headers={"content-type": CURL_KIND}))


def test_without_an_id_the_body_speaks_for_ten_minutes() -> None:
    source = a_source("jotform")
    [key] = keys(source, in_a_form(source, {"formID": "1"}))
    assert key.weak
