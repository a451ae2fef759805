"""Jotform: a form's webhook, under Settings, Integrations.

https://www.jotform.com/help/245-how-to-setup-a-webhook-with-jotform/

- Signature: none exists, and no header can be set. Our secret is the last part of the URL, or comes as
  header or basic-auth password where something in between passes the body on.
- Replay: whoever has the secret can send anything; a repeated submission is known by its id.
- Delivery id: `submissionID`.
- Event types: form.submitted.
- Body: multipart (a form or JSON is taken as well), the answers in `rawRequest`, JSON as text, in two
  shapes: `q3_fullName` with a value, or any key with `{text, type, answer}`.
- Answers: each under its question's name, `fullName`, or in the second shape under its text.
- Person: the first answer that is an e-mail address in a field called so, a phone number likewise, and a
  name of first and last. Whoever fills in a form may write whatever they like.
- Money: a payment's field stays an answer; no event of ours is made of it.
- Time zone: `submitDate` is epoch milliseconds; without it the moment of receipt.
- Retries: not documented.
- Known limits: files come as links, which nothing here follows.
- How sure: captured submissions, and the code of other people's receivers; no vendor specification.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ..domain.contacts import Person, Trust, normal_email, normal_phone, read_person
from ..domain.errors import BadJson
from ..domain.events import Event, Form
from ..domain.ids import new_token
from ..domain.inbound import Source
from ..domain.jsontext import loads
from . import kit, shared
from .reading import missing, moment, text, wrong

MAX_ANSWERS: Final = 500

_QUESTION: Final = re.compile(r"q\d{1,5}_(.{1,200})", re.DOTALL)
_OF_PHONES: Final = ("phone", "mobile", "telephone")
_BOUNDARY: Final = "jotform-sample"


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The submission's id; without one the body's digest, weak."""
    body = kit.known_fields(verified)
    own, found = body.get("submissionID"), kit.named_keys(verified, body)
    if isinstance(own, str | int) and not isinstance(own, bool) and str(own).strip():
        found += (kit.key("submission", str(own)),)
    return found or (kit.Key(kit.body_key(verified.request, verified.request.query), weak=True),)


def read(verified: kit.Verified) -> list[Event]:
    """The one event of a submission."""
    body = kit.payload(verified)
    submission = text(body.get("submissionID"), "submissionID")
    if submission is None:
        raise missing("No submission of a form", ["submissionID", "rawRequest"], body)
    raw = _raw(body.get("rawRequest"))
    answers = dict(list(_answers(raw))[:MAX_ANSWERS])
    at = moment(raw.get("submitDate"), "rawRequest.submitDate", "UTC")
    title = text(body.get("formTitle"), "formTitle") or text(body.get("formID"), "formID")
    return [
        Event(
            type="form.submitted",
            occurred_at=at or verified.request.received_at,
            data={**body, "rawRequest": raw},
            contact=_person(verified.source, raw),
            form=Form(submission, title=title, answers=answers),
        )
    ]


def _raw(written: Any) -> dict[str, Any]:
    """`rawRequest`, JSON as text in what Jotform sends, and perhaps a block in what others pass on."""
    if isinstance(written, str):
        try:
            written = loads(written.encode("utf-8", "surrogatepass")) if written.strip() else None
        except BadJson as fault:
            raise wrong("rawRequest", fault.detail) from fault
    if written is None:
        return {}
    if not isinstance(written, dict):
        raise wrong("rawRequest", "is no block of answers")
    return written


def _answers(raw: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        asked = _QUESTION.fullmatch(key)
        if isinstance(value, dict) and "answer" in value and ("type" in value or "text" in value):
            said = value.get("text") or value.get("name")
            yield (said if isinstance(said, str) else key, value["answer"])
        elif asked:
            yield asked[1], value


def _person(source: Source, raw: dict[str, Any]) -> Person | None:
    email = phone = None
    names: dict[str, Any] = {}
    for key, value in raw.items():
        is_written_out = isinstance(value, dict) and "answer" in value
        asked = _QUESTION.fullmatch(key)
        if not asked and not is_written_out:
            continue
        answer = value["answer"] if is_written_out else value
        told = f"{value.get('type')} {value.get('name')} {value.get('text')}" if is_written_out else key
        about = told.casefold().replace("-", "")
        if "email" in about:
            email = email or normal_email(answer)
        elif any(word in about for word in _OF_PHONES):
            phone = phone or normal_phone(_number(answer), source.country)
        elif isinstance(answer, dict) and {"first", "last"} <= set(answer):
            names = names or {"first_name": answer["first"], "last_name": answer["last"]}
    person = read_person(country=source.country, email=email, phone=phone, **names)
    return person if person.is_known else None


def _number(answer: Any) -> Any:
    """A phone number is one text, a block with `full`, or one of area and phone."""
    if not isinstance(answer, dict):
        return answer
    parts = [str(answer[name]) for name in ("country", "area", "phone") if answer.get(name)]
    return answer.get("full") or " ".join(parts)


def _multipart(fields: dict[str, str]) -> bytes:
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{_BOUNDARY}--\r\n").encode()


_RAW: Final = {
    "slug": "submit/253117572694059",
    "submitDate": "1795186800000",
    "q3_fullName": {"first": "Ada", "last": "Bell"},
    "q4_email": f"ada.{kit.MARKER}@example.com",
    "q5_howDid": "Friends told me",
}
_BODY: Final = _multipart(
    {
        "formID": "253117572694059",
        "submissionID": f"6384587270219720384-{kit.MARKER}",
        "formTitle": "Ask for a call",
        "type": "WEB",
        "rawRequest": json.dumps(_RAW),
    }
)

ADAPTER = kit.Adapter(
    name="jotform",
    title="Jotform",
    setup="In the form's Settings, Integrations, WebHooks: enter the source's URL with /<secret> behind it.",
    guide=kit.Guide(
        start="form.submitted",
        steps=(
            "Open the form, Settings, Integrations, and choose WebHooks.",
            (
                "Enter <url>/<secret> and choose Complete Integration. Who can see the form's settings can "
                "see the secret."
            ),
            "Name the fields for e-mail, phone and full name so: a person is found by them.",
        ),
    ),
    trust=Trust.TYPED,
    new_secret=new_token,
    content_types=(kit.MULTIPART, kit.FORM, kit.JSON),
    verify=shared.verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=shared.sign,
    samples={
        "form.submitted": kit.Sample(
            "submission", "form.submitted", _BODY, f"{kit.MULTIPART}; boundary={_BOUNDARY}"
        )
    },
    allows_path_token=True,
)
