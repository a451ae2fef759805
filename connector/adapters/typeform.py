"""Typeform: a form's webhook.

https://www.typeform.com/developers/webhooks/secure-your-webhooks/

- Signature: `Typeform-Signature: sha256=<base64>`, HMAC-SHA256 of the body; the key is the webhook's
  secret as text. Typeform leaves the header away where the webhook has no secret: then all is refused.
- Replay: nothing signed has an age, so what a delivery is known by is kept for ever.
- Delivery id: `form_response.token`, the answers' own id, and `event_id`, both signed.
- Event types: form_response (form.submitted, or with the source's option `event_type` survey.completed).
  Others, form_response_partial among them, are valid and ignored.
- Answers: each under its question's text, and under its `ref` where a person chose one.
- Person: what the form's link carried (`hidden`: external_id, contact_id, customer_id or user_id, email,
  phone, first_name, last_name, name), then the answers of type e-mail and phone number, and texts whose
  `ref` is first_name, last_name or name. Whoever fills in a form may write whatever they like.
- Money: a payment's answer stays an answer; no event of ours is made of it.
- Time zone: UTC with Z.
- Retries: 404 and 410 switch the webhook off at once; 408, 423, 429 and 503 are tried every few minutes for
  10 hours, others for longer and longer, then it is switched off; so what is stored but not understood is
  answered 200.
- Known limits: a form's logic may leave questions out: a missing answer is none.
- How sure: the vendor's documentation and code; a signature of a vendor's example is reproduced. Retries
  are second-hand.
"""

import json
import re
from datetime import datetime
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Event, Form
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from . import kit, signatures
from .reading import block, blocks, missing, moment, text

HEADER: Final = "typeform-signature"
PREFIX: Final = "sha256="
EVENT_TYPE: Final = "event_type"
EVENT_TYPES: Final = ("form.submitted", "survey.completed")
MAX_ANSWERS: Final = 500

_IDS: Final = ("external_id", "contact_id", "customer_id", "user_id")
_NAMES: Final = ("first_name", "last_name", "name")
_MACHINE_MADE: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Z]{26}", re.ASCII)


def verify(request: Request, source: Source) -> None:
    """Pass if the body's MAC fits one of the secrets, else SignatureRefused."""
    signatures.require_mac(request, kit.keys_of(source), HEADER, prefix=PREFIX)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The answers' token and the event's id, both signed; without them the body's digest, weak."""
    body = kit.known_fields(verified)
    token, event_id = block(body.get("form_response")).get("token"), body.get("event_id")
    name = str(body.get("event_type") or "")
    found = kit.named_keys(verified, body)
    if isinstance(token, str) and token.strip():
        found += (kit.key(name, token),)
    if isinstance(event_id, str) and event_id.strip():
        found += (kit.key("event_id", event_id),)
    return found or (kit.Key(kit.body_key(verified.request), weak=True),)


def read(verified: kit.Verified) -> list[Event]:
    """The one event of a filled-in form, [] for anything else that Typeform tells."""
    body, source = kit.payload(verified), verified.source
    name = text(body.get("event_type"), "event_type")
    if name is None:
        raise missing("No Typeform event", ["event_type", "form_response"], body)
    if name != "form_response":
        return []
    told = block(body.get("form_response"))
    token = text(told.get("token"), "form_response.token")
    if token is None:
        raise missing("No answers of a form", ["form_response.token"], told)
    at = moment(told.get("submitted_at"), "form_response.submitted_at", "UTC")
    title = text(block(told.get("definition")).get("title"), "form_response.definition.title")
    chosen = source.options.get(EVENT_TYPE)
    return [
        Event(
            type=chosen if isinstance(chosen, str) and chosen in EVENT_TYPES else EVENT_TYPES[0],
            occurred_at=at or verified.request.received_at,
            data=body,
            contact=_person(source, told),
            form=Form(token, title=title, answers=_answers(told)),
        )
    ]


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"Typeform-Signature": signatures.mac(secret.encode(), body, prefix=PREFIX)}


def check_source(source: Source) -> list[str]:
    chosen, faults = source.options.get(EVENT_TYPE), kit.common_faults(source)
    if chosen is not None and chosen not in EVENT_TYPES:
        faults.append(f"{EVENT_TYPE}: must be {' or '.join(EVENT_TYPES)}")
    return faults


def _answers(told: dict[str, Any]) -> dict[str, Any]:
    questions = _questions(told)
    found: dict[str, Any] = {}
    for answer in blocks(told.get("answers"))[:MAX_ANSWERS]:
        field = block(answer.get("field"))
        asked = questions.get(str(field.get("id")), {})
        value, ref = _value(answer), _ref(answer, asked)
        title = asked.get("title")
        names = [title if isinstance(title, str) and title else str(field.get("id"))]
        if ref and not _MACHINE_MADE.fullmatch(ref):
            names.append(ref)
        for name in names:
            found.setdefault(name, value)
    return found


def _questions(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By their ids; those of a group, such as the contact block, stand below it."""
    found: dict[str, dict[str, Any]] = {}
    for field in blocks(block(told.get("definition")).get("fields")):
        inner = blocks(block(field.get("properties")).get("fields"))
        found.update({str(one.get("id")): one for one in (field, *inner)})
    return found


def _ref(answer: dict[str, Any], asked: dict[str, Any]) -> str:
    for ref in (block(answer.get("field")).get("ref"), asked.get("ref")):
        if isinstance(ref, str) and ref:
            return ref
    return ""


def _value(answer: dict[str, Any]) -> Any:
    """What was chosen or typed in; of a choice its label."""
    kind = answer.get("type")
    value = answer.get(kind) if isinstance(kind, str) else None
    if kind == "choice":
        return block(value).get("label", block(value).get("other"))
    if kind == "choices":
        labels, other = block(value).get("labels"), block(value).get("other")
        return [*(labels if isinstance(labels, list) else []), *([other] if other else [])]
    return value


def _person(source: Source, told: dict[str, Any]) -> Person | None:
    said: dict[str, Any] = {}
    questions = _questions(told)
    for answer in blocks(told.get("answers"))[:MAX_ANSWERS]:
        kind = answer.get("type")
        ref = _ref(answer, questions.get(str(block(answer.get("field")).get("id")), {}))
        if kind == "email":
            said.setdefault("email", answer.get("email"))
        elif kind == "phone_number":
            said.setdefault("phone", answer.get("phone_number"))
        elif kind == "text" and ref in _NAMES:
            said.setdefault(ref, answer.get("text"))
    hidden = block(told.get("hidden"))
    for name in ("email", "phone", *_NAMES):
        if hidden.get(name):
            said[name] = hidden[name]
    external_id = next((hidden[name] for name in _IDS if hidden.get(name)), None)
    person = read_person(country=source.country, external_id=external_id, **said)
    return person if person.is_known else None


_BODY: Final = {
    "event_id": f"event-{kit.MARKER}",
    "event_type": "form_response",
    "form_response": {
        "form_id": "lT4Z3j",
        "token": f"answers-{kit.MARKER}",
        "submitted_at": "2026-11-20T15:00:00Z",
        "hidden": {},
        "definition": {
            "id": "lT4Z3j",
            "title": "How was it?",
            "fields": [
                {"id": "q1", "ref": "first_name", "type": "short_text", "title": "What is your first name?"},
                {"id": "q2", "ref": "email", "type": "email", "title": "Your e-mail?"},
                {"id": "q3", "ref": "score", "type": "opinion_scale", "title": "Would you come again?"},
            ],
        },
        "answers": [
            {"type": "text", "text": "Ada", "field": {"id": "q1", "type": "short_text", "ref": "first_name"}},
            {
                "type": "email",
                "email": f"ada.{kit.MARKER}@example.com",
                "field": {"id": "q2", "ref": "email"},
            },
            {"type": "number", "number": 9, "field": {"id": "q3", "type": "opinion_scale", "ref": "score"}},
        ],
    },
}
SAMPLES: Final = {
    "form.submitted": kit.Sample("form_response", "form.submitted", json.dumps(_BODY).encode()),
}

ADAPTER = kit.Adapter(
    name="typeform",
    title="Typeform",
    setup="In the form, Connect, Webhooks: add one with the source's URL and, by Edit, <secret> as secret.",
    guide=kit.Guide(
        start="form.submitted",
        steps=(
            "Open the form, Connect, Webhooks, Add a webhook, and enter <url>.",
            (
                "Switch it on, choose Edit, and enter <secret> as secret: without it Typeform signs nothing "
                "and all is refused."
            ),
            (
                "Have the link to the form carry who it was sent to as hidden fields, `#email=…`, where you "
                "know it."
            ),
            'Where the form is a survey, say `event_type = "survey.completed"` in the source\'s options.',
        ),
    ),
    trust=Trust.TYPED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    answers=kit.Answers(rejected=200),
    options=(EVENT_TYPE,),
    check_source=check_source,
)
