"""HubSpot: three signatures, batches told apart item by item, and a workflow's contact."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from connector.adapters import kit
from connector.adapters.hubspot import ADAPTER, MAX_ITEMS, SAMPLES
from connector.domain.contacts import Person
from connector.domain.errors import BadJson, NotUnderstood, SignatureRefused
from connector.domain.events import Deal, Event
from connector.domain.inbound import Request, Source
from connector.domain.signing import base64_of, hmac_sha256

from .deliveries import NOW, URL, a_delivery, a_source, keys, opened, read_all, read_one
from .recorded import body_of

# Published: HubSpot/hubspot-api-nodejs, test/unit/signature.spec.ts, and
# HubSpot/hubspot-api-python, tests/spec/utils/test_signature.py
SECRET: Final = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
HOOK: Final = "https://www.example.com/webhook_uri"
V1_BODY: Final = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
    b'"changeFlag":"NEW","appId":54321}]'
)
V1: Final = "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"
V2_BODY: Final = b'{"example_field":"example_value"}'
V2: Final = "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"
V3_BODY: Final = b"{'example_field':'example_value'}"
V3: Final = "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="
V3_AT: Final = "1693657560000"

ITEM: Final = json.loads(V1_BODY)[0]
NEW: Final = {"x-hubspot-signature-v3": V3, "x-hubspot-request-timestamp": V3_AT}


def by_hubspot(body: bytes, headers: dict[str, str], *, at: datetime = NOW, url: str = HOOK) -> Request:
    return Request("POST", url, {"content-type": kit.JSON, **headers}, body, "203.0.113.9", at)


def old(version: str, signature: str) -> dict[str, str]:
    return {"x-hubspot-signature": signature, "x-hubspot-signature-version": version}


def a_hub(*secrets: str, signed_url: str | None = None) -> Source:
    return a_source("hubspot", secrets=secrets or [SECRET], signed_url=signed_url)


V3_NOW: Final = datetime.fromtimestamp(1693657560, UTC)


@pytest.mark.parametrize("secrets", [[SECRET], ["new", SECRET], [SECRET, "old"]])
@pytest.mark.parametrize(
    "request_",
    [
        by_hubspot(V1_BODY, old("v1", V1)),
        by_hubspot(V1_BODY, {"x-hubspot-signature": V1}),
        by_hubspot(V2_BODY, old("v2", V2)),
        by_hubspot(V3_BODY, NEW, at=V3_NOW),
    ],
    ids=["v1", "no-version", "v2", "v3"],
)
def test_the_published_signatures_are_taken_under_either_of_two_secrets(
    request_: Request, secrets: list[str]
) -> None:
    assert opened(a_hub(*secrets), request_)


def test_the_body_of_the_published_v3_is_no_json_and_is_refused_only_once_it_is_read() -> None:
    verified = opened(a_hub(), by_hubspot(V3_BODY, NEW, at=V3_NOW))
    with pytest.raises(BadJson):
        ADAPTER.read(verified)


@pytest.mark.parametrize(
    "request_",
    [
        by_hubspot(V2_BODY, old("v1", V2)),
        by_hubspot(V1_BODY, old("v2", V1)),
        by_hubspot(V1_BODY, old("v3", V1)),
        by_hubspot(V1_BODY, old("V1", V1)),
        by_hubspot(V1_BODY, old("v1", V1.upper())),
        by_hubspot(V2_BODY, old("v2", V2), url=HOOK + "/"),
        by_hubspot(V2_BODY, old("v2", V2), url=HOOK + "?a=1"),
        by_hubspot(V3_BODY, {**NEW, "x-hubspot-request-timestamp": "1693657560001"}, at=V3_NOW),
        by_hubspot(V3_BODY, {**NEW, "x-hubspot-request-timestamp": "1693657560000.0"}, at=V3_NOW),
        by_hubspot(V3_BODY, NEW, at=V3_NOW, url="http://www.example.com/webhook_uri"),
        by_hubspot(V1_BODY, {**old("v1", V1), **NEW}),
    ],
    ids=range(11),
)
def test_what_is_signed_otherwise_is_refused(request_: Request) -> None:
    with pytest.raises(SignatureRefused):
        opened(a_hub(), request_)


def test_v1_covers_no_url_so_it_is_taken_for_batches_only() -> None:
    body = body_of("hubspot__workflow_contact")
    made = hashlib.sha256(SECRET.encode() + body).hexdigest()
    with pytest.raises(SignatureRefused):
        opened(a_hub(), by_hubspot(body, old("v1", made)))


@pytest.mark.parametrize(("late_ms", "is_taken"), [(300_000, True), (-300_000, True), (300_001, False)])
def test_v3_is_fresh_for_five_minutes(late_ms: int, is_taken: bool) -> None:
    request = by_hubspot(V3_BODY, NEW, at=V3_NOW + timedelta(milliseconds=late_ms))
    if is_taken:
        assert opened(a_hub(), request)
    else:
        with pytest.raises(SignatureRefused):
            opened(a_hub(), request)


@pytest.mark.parametrize(
    ("called", "signed"),
    [
        ("/a%3Ab%2Fc%40d", "/a:b/c@d"),
        ("/hook?x=%21%24%27%28%29%2a%2C%3b%3F", "/hook?x=!$'()*,;?"),
        ("/hook?x=a%20b%26c%3Dd", "/hook?x=a%20b%26c%3Dd"),
        ("/hook?x=%252F", "/hook?x=%252F"),
    ],
)
def test_the_listed_escapes_of_the_url_are_decoded_before_v3_is_made(called: str, signed: str) -> None:
    at = str(int(NOW.timestamp() * 1000))
    message = f"POSThttps://x.example{signed}".encode() + V1_BODY + at.encode()
    mac = base64_of(hmac_sha256(SECRET.encode(), message))
    headers = {"x-hubspot-signature-v3": mac, "x-hubspot-request-timestamp": at}
    assert opened(a_hub(), by_hubspot(V1_BODY, headers, url=f"https://x.example{called}"))


def test_the_url_is_the_one_that_is_registered_there() -> None:
    assert opened(a_hub(signed_url=HOOK), by_hubspot(V2_BODY, old("v2", V2), url=URL))
    source = a_source("hubspot", signed_url=HOOK)
    assert opened(source, a_delivery(source, V1_BODY))


def test_the_whole_event_of_the_recorded_batch() -> None:
    source = a_source("hubspot")
    assert json.loads(body_of("hubspot__contact.creation")) == [ITEM]
    assert read_one(source, a_delivery(source, body_of("hubspot__contact.creation"))) == Event(
        type="contact.created",
        occurred_at=datetime(2019, 7, 26, 4, tzinfo=UTC),
        data=ITEM,
        contact=Person("123"),
        key="62515 contact.creation 123 1 1564113600000",
    )


def test_the_whole_event_of_a_recorded_workflows_contact() -> None:
    source, body = a_source("hubspot"), body_of("hubspot__workflow_contact")
    assert read_one(source, a_delivery(source, body)) == Event(
        type="contact.updated",
        occurred_at=NOW,
        data=json.loads(body),
        contact=Person("251", "contact@example.com", first_name="Casey", last_name="Sample"),
    )
    [key] = keys(source, a_delivery(source, body))
    assert key == kit.Key("workflow 27000001 251 1680448122728 None")


@pytest.mark.parametrize(
    ("query", "event_type"),
    [
        ("event=employee.milestone", "employee.milestone"),
        ("event=contact.created", "contact.created"),
        ("event=birthday", "custom.birthday"),
        ("event=booking.completed", "contact.updated"),
        ("event=schedule.due", "custom.schedule.due"),
        ("other=1", "contact.updated"),
    ],
)
def test_a_workflows_contact_is_what_the_url_calls_it(query: str, event_type: str) -> None:
    source, body = a_source("hubspot"), body_of("hubspot__workflow_contact")
    request = a_delivery(source, body, query=query)
    assert read_one(source, request).type == event_type
    assert keys(source, request) != keys(source, a_delivery(source, body, query="event=else"))


def test_what_the_guide_has_people_write_behind_the_url_is_what_comes() -> None:
    source, body = a_source("hubspot"), body_of("hubspot__workflow_contact")
    written = re.findall(r"\?event=([\w.-]+)`", " ".join(ADAPTER.guide.steps))
    assert written
    for name in written:
        assert read_one(source, a_delivery(source, body, query=f"event={name}")).type == name


def batch(*items: Any) -> bytes:
    return json.dumps(items).encode()


def test_items_are_known_one_by_one_whatever_batch_they_come_in() -> None:
    source = a_source("hubspot")
    one, two = {**ITEM, "eventId": 2}, {**ITEM, "objectId": 7}
    first = read_all(source, a_delivery(source, batch(one, two)))
    retry = read_all(
        source, a_delivery(source, batch({**two, "attemptNumber": 1}, {**one, "attemptNumber": 1}))
    )
    assert {event.key for event in first} == {event.key for event in retry}
    assert len({event.key for event in first}) == 2
    assert keys(source, a_delivery(source, batch(one, two))) == keys(
        source, a_delivery(source, batch({**two, "attemptNumber": 1}, one))
    )
    assert keys(source, a_delivery(source, batch(one))) != keys(source, a_delivery(source, batch(one, two)))


def test_a_body_with_items_that_say_nothing_is_never_known_for_longer_than_ten_minutes() -> None:
    source = a_source("hubspot")
    for body in (batch(), batch({}), batch(ITEM, 7), batch({**ITEM, "eventId": None}), b"{}"):
        [key] = keys(source, a_delivery(source, body))
        assert key.weak


@pytest.mark.parametrize(
    ("item", "person"),
    [
        ({"propertyName": "email", "propertyValue": "Ada@Example.com"}, Person("123", "ada@example.com")),
        ({"propertyName": "firstname", "propertyValue": "Ada"}, Person("123", first_name="Ada")),
        ({"propertyName": "phone", "propertyValue": "+14155550113"}, Person("123", phone="+14155550113")),
        ({"propertyName": "lifecyclestage", "propertyValue": "lead"}, Person("123")),
        ({"propertyName": "email", "propertyValue": None}, Person("123")),
    ],
)
def test_a_change_tells_the_one_thing_that_it_names(item: dict[str, Any], person: Person) -> None:
    source = a_source("hubspot")
    event = read_one(
        source, a_delivery(source, batch({**ITEM, "subscriptionType": "contact.propertyChange", **item}))
    )
    assert (event.type, event.contact) == ("contact.updated", person)


WON: Final = {
    "subscriptionType": "deal.propertyChange",
    "propertyName": "dealstage",
    "propertyValue": "closedwon",
}


@pytest.mark.parametrize("name", ["contact.associationChange", "deal.associationChange"])
def test_an_item_that_is_none_of_ours_and_names_no_object_keeps_no_other_back(name: str) -> None:
    source, ends = a_hub(), {"fromObjectId": 123, "toObjectId": 7, "associationType": "CONTACT_TO_COMPANY"}
    associated = {**ITEM, **ends, "subscriptionType": name, "eventId": 2}
    del associated["objectId"]
    batch = json.dumps([associated, ITEM, {**associated, "eventId": 3}]).encode()
    assert [one.type for one in read_all(source, a_delivery(source, batch))] == ["contact.created"]


def test_a_deal_is_won_at_its_won_stage_and_at_no_other() -> None:
    source, own = a_source("hubspot"), a_source("hubspot", won_stages=["900", "901"])
    event = read_one(source, a_delivery(source, batch({**ITEM, **WON})))
    assert (event.type, event.deal, event.contact) == ("deal.won", Deal("123"), None)
    assert read_all(source, a_delivery(source, batch({**ITEM, **WON, "propertyValue": "900"}))) == []
    assert read_one(own, a_delivery(own, batch({**ITEM, **WON, "propertyValue": "900"}))).type == "deal.won"
    assert read_all(own, a_delivery(own, batch({**ITEM, **WON}))) == []


def test_subscriptions_to_objects_of_any_kind_are_read_by_their_kind() -> None:
    source = a_source("hubspot")
    told = {"subscriptionType": "object.creation", "objectTypeId": "0-1"}
    won = {**WON, "subscriptionType": "object.propertyChange", "objectTypeId": "0-3"}
    ticket = {**told, "objectTypeId": "0-5"}
    events = read_all(source, a_delivery(source, batch(*({**ITEM, **one} for one in (told, won, ticket)))))
    assert [event.type for event in events] == ["contact.created", "deal.won"]


@pytest.mark.parametrize("name", ["contact.deletion", "company.creation", "deal.creation", "contact.merge"])
def test_what_is_none_of_ours_is_valid_and_ignored(name: str) -> None:
    source = a_source("hubspot")
    assert read_all(source, a_delivery(source, batch({**ITEM, "subscriptionType": name}))) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{}", "looked for `an array of items`, `vid`"),
        (batch(ITEM, 7), "looked for `portalId`"),
        (batch({"subscriptionType": "contact.creation"}), "looked for `subscriptionType`, `objectId`"),
        (batch({**ITEM, "occurredAt": "soon"}), "`occurredAt`"),
        (batch(*([ITEM] * (MAX_ITEMS + 1))), "items in one batch"),
    ],
)
def test_what_cannot_be_understood_is_said(body: bytes, said: str) -> None:
    source = a_source("hubspot")
    with pytest.raises(NotUnderstood) as refusal:
        read_all(source, a_delivery(source, body))
    assert said in refusal.value.detail


@pytest.mark.parametrize("stages", [7, "closedwon", [7], [""]])
def test_won_stages_are_a_list_of_ids(stages: object) -> None:
    source = a_source("hubspot", won_stages=stages)
    [fault] = ADAPTER.check_source(source)
    assert fault.startswith("won_stages: ")
    assert ADAPTER.check_source(replace(source, options={"won_stages": ["900"]})) == []


def test_every_sample_is_a_batch_and_what_is_not_understood_is_answered_200() -> None:
    assert all(isinstance(json.loads(sample.body), list) for sample in SAMPLES.values())
    assert ADAPTER.answers.rejected == 200
