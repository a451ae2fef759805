"""Typeform: the MAC of the body, and what a filled-in form means here."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.typeform import ADAPTER, SAMPLES
from connector.domain.contacts import Person
from connector.domain.errors import NotUnderstood, SignatureRefused
from connector.domain.events import Event, Form
from connector.domain.inbound import Request

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import body_of, fields_of

# Published: the vendor's example, signed in triggerdotdev/trigger.dev's Typeform test
VECTOR_SECRET: Final = "123456"
VECTOR: Final = "sha256=VsvwNrh0fT5VWF+05H3azXZXJyFkhHTtONMxIVm6PZ4="
PUBLISHED: Final = "typeform__published"


def by_typeform(body: bytes, **headers: str) -> Request:
    return Request("POST", URL, {"content-type": kit.JSON, **headers}, body, "203.0.113.9", NOW)


def told(**response: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(SAMPLES["form.submitted"].body)
    return {**body, "form_response": {**body["form_response"], **response}}


@pytest.mark.parametrize("secrets", [[VECTOR_SECRET], ["new", VECTOR_SECRET], [VECTOR_SECRET, "old"]])
def test_the_published_signature_is_taken_under_either_of_two_secrets(secrets: list[str]) -> None:
    request = by_typeform(body_of(PUBLISHED), **{"typeform-signature": VECTOR})
    assert opened(a_source("typeform", secrets=secrets), request)
    assert ADAPTER.sign(body_of(PUBLISHED), VECTOR_SECRET, NOW, URL) == {"Typeform-Signature": VECTOR}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"typeform-signature": ""},
        {"typeform-signature": VECTOR.removeprefix("sha256=")},
        {"typeform-signature": VECTOR.replace("sha256", "SHA256")},
        {"typeform-signature": "sha256="},
    ],
)
def test_a_missing_or_other_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        opened(a_source("typeform", secrets=[VECTOR_SECRET]), by_typeform(body_of(PUBLISHED), **headers))


def test_a_body_that_was_written_anew_is_refused() -> None:
    anew = json.dumps(fields_of(PUBLISHED)).encode()
    with pytest.raises(SignatureRefused):
        opened(
            a_source("typeform", secrets=[VECTOR_SECRET]),
            by_typeform(anew, **{"typeform-signature": VECTOR}),
        )


def test_the_whole_event_of_the_published_answers() -> None:
    source, body = a_source("typeform"), body_of(PUBLISHED)
    event = read_one(source, a_delivery(source, body))
    answers = {
        "Thanks, {{answer_60906475}}! What's it like where you live? Tell us in a few sentences.": (
            "readable_ref_long_text",
            (
                "It's cold right now! I live in an older medium-sized city with a university. "
                "Geographically, the area is hilly."
            ),
        ),
        "If you're OK with our city management following up if they have further questions, please give us "
        "your email address.": ("readable_ref_email", "laura@example.com"),
        "What is your first name?": ("readable_ref_short_text", "Laura"),
        "When did you move to the place where you live?": ("readable_ref_date", "2005-10-15"),
        "Which pictures do you like? You can choose as many as you like.": (
            "readable_ref_picture_choice",
            ["London", "Sydney"],
        ),
        "On a scale of 1 to 5, what rating would you give the weather in Sydney? 1 is poor weather, 5 is "
        "excellent weather": ("readable_ref_number1", 5),
        "By submitting this form, you understand and accept that we will share your answers with city "
        "management. Your answers will be anonymous will not be shared.": ("readable_ref_legal", True),
        "Which of these cities is your favorite?": ("readable_ref_multiple_choice", "London"),
        "Do you have a favorite city we haven't listed?": ("readable_ref_yes_no", False),
        "How important is the weather to your opinion about a city? 1 is not important, 5 is very "
        "important.": ("readable_ref_opinion_scale", 2),
        "How would you rate the weather where you currently live? 1 is poor weather, 5 is excellent "
        "weather.": ("readable_ref_rating", 3),
        "On a scale of 1 to 5, what rating would you give the general quality of life in Sydney? 1 is poor, "
        "5 is excellent": ("readable_ref_number2", 4),
        "Book a time with me": (
            "readable_ref_calendly",
            "https://calendly.com/scheduled_events/EVENT_TYPE/invitees/INVITEE",
        ),
    }
    assert event == Event(
        type="form.submitted",
        occurred_at=datetime(2018, 1, 18, 18, 17, 2, tzinfo=UTC),
        data=json.loads(body),
        contact=Person("abc123456", "laura@example.com"),
        form=Form(
            id="a3a12ec67a1365927098a606107fac15",
            title="Webhooks example",
            answers={name: value for question, (ref, value) in answers.items() for name in (question, ref)},
        ),
    )
    assert keys(source, a_delivery(source, body)) == (
        kit.Key("form_response a3a12ec67a1365927098a606107fac15"),
        kit.Key("event_id LtWXD3crgy"),
    )


def test_a_person_is_who_the_link_named_then_who_the_answers_name() -> None:
    source = a_source("typeform")
    event = read_one(source, a_delivery(source, SAMPLES["form.submitted"].body))
    assert event.contact == Person(email="ada.sample-1@example.com", first_name="Ada")
    hidden = {
        "contact_id": "c-9",
        "email": "known@example.com",
        "phone": "(415) 555-0113",
        "last_name": "Bell",
    }
    assert read_one(source, a_delivery(source, told(hidden=hidden))).contact == Person(
        "c-9", "known@example.com", "+14155550113", "Ada", "Bell"
    )


@pytest.mark.parametrize("hidden", [None, [], {"email": "null", "user_id": ""}, {"email": 7}])
def test_what_the_link_left_empty_says_nothing(hidden: Any) -> None:
    source = a_source("typeform")
    person = read_one(source, a_delivery(source, told(hidden=hidden, answers=[]))).contact
    assert person is None


def test_a_phone_number_is_read_and_a_group_is_looked_into() -> None:
    source = a_source("typeform")
    fields = [
        {
            "id": "g",
            "title": "You",
            "properties": {"fields": [{"id": "n", "title": "Last name", "ref": "last_name"}]},
        },
        {"id": "p", "title": "Phone", "ref": "01GRC8GR2017M6WW347T86VV39"},
    ]
    answers = [
        {"type": "text", "text": "Bell", "field": {"id": "n", "type": "short_text"}},
        {"type": "phone_number", "phone_number": "+14155550113", "field": {"id": "p"}},
    ]
    event = read_one(source, a_delivery(source, told(definition={"fields": fields}, answers=answers)))
    assert event.contact == Person(phone="+14155550113", last_name="Bell")
    assert event.form is not None
    assert event.form.answers == {"Last name": "Bell", "last_name": "Bell", "Phone": "+14155550113"}


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ({"type": "choice", "choice": {"other": "Berlin"}}, "Berlin"),
        ({"type": "choice", "choice": "x"}, None),
        ({"type": "choices", "choices": {"labels": ["A"], "other": "B"}}, ["A", "B"]),
        ({"type": "choices", "choices": None}, []),
        ({"type": "payment", "payment": {"amount": "10"}}, {"amount": "10"}),
        ({"type": "file_url", "file_url": "https://x.example/a"}, "https://x.example/a"),
        ({"type": 7}, None),
        ({}, None),
    ],
)
def test_an_answer_is_what_was_chosen_or_typed_in(answer: dict[str, Any], value: Any) -> None:
    source = a_source("typeform")
    body = told(definition={}, answers=[{**answer, "field": {"id": "q"}}])
    form = read_one(source, a_delivery(source, body)).form
    assert form is not None
    assert form.answers == {"q": value}


@pytest.mark.parametrize("answers", [None, 7, "x", {}, [7, None, []]])
def test_answers_of_another_shape_are_none(answers: Any) -> None:
    source = a_source("typeform")
    form = read_one(source, a_delivery(source, told(answers=answers, definition=answers))).form
    assert form is not None
    assert form.answers == {}


def test_a_form_may_be_a_survey_where_the_source_says_so() -> None:
    source = a_source("typeform", event_type="survey.completed")
    assert read_one(source, a_delivery(source, told())).type == "survey.completed"
    assert ADAPTER.check_source(source) == []
    wrong = replace(source, options={"event_type": "invoice.paid"})
    [fault] = ADAPTER.check_source(wrong)
    assert fault.startswith("event_type: ")
    assert read_one(wrong, a_delivery(wrong, told())).type == "form.submitted"


def test_half_filled_in_is_not_submitted() -> None:
    source = a_source("typeform")
    assert read_all(source, a_delivery(source, {**told(), "event_type": "form_response_partial"})) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "looked for `event_type`, `form_response`"),
        ({"event_type": "form_response"}, "looked for `form_response.token`"),
        (told(submitted_at="soon"), "`form_response.submitted_at`"),
    ],
)
def test_what_cannot_be_understood_is_said_field_by_field(body: dict[str, Any], said: str) -> None:
    source = a_source("typeform")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail


def test_without_its_ids_the_body_speaks_for_ten_minutes() -> None:
    source = a_source("typeform")
    [key] = keys(source, a_delivery(source, {"event_type": "form_response"}))
    assert key.weak
    assert ADAPTER.answers.rejected == 200
