"""HubSpot: webhook subscriptions of an app, and the "Send a webhook" step of a workflow.

https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests

- Signature: with `X-HubSpot-Signature-v3` that one alone decides: HMAC-SHA256, base64, over method, URL,
  body and `X-HubSpot-Request-Timestamp`, some escapes of the URL decoded first. Else
  `X-HubSpot-Signature` with `-Version`: v2 is the SHA-256, hex, of secret, method, URL and body, v1 that of
  secret and body, taken for batches only, since it covers no `?event=`. The key is the app's client
  secret. The URL is our public one with the source's path, or the option `signed_url`, never Host.
- Replay: v3 signs its time, five minutes either way. v1 and v2 have no age, so what an item is known by
  is kept for ever. Neither can be lengthened by a stranger: the padding between is no UTF-8.
- Account: `portalId` says whose, since an app's secret signs for every portal that installed it; with the
  option `portal_id` the items of all others are passed over.
- Delivery id: each item by portal, type, object, event and time (`attemptNumber` rises with a retry); a
  delivery by all of its items.
- Event types: contact.creation (contact.created), contact.propertyChange (contact.updated),
  deal.propertyChange of `dealstage` to a won stage (deal.won), and the same of `object.…` subscriptions. Won
  stages are `closedwon`, or the option `won_stages`. A workflow's contact is what `?event=` in the URL calls
  it, else contact.updated. Others are valid and ignored.
- Person: a batch names only the object's id. With a `credential`, a private app's token, `GET
  /crm/v3/objects/contacts/{id}` says the rest, for a deal the first contact that it is associated with. A
  workflow sends the contact with its properties.
- Money: none; a deal's amount is looked up with it.
- Time zone: epoch milliseconds.
- Retries: up to 10 times in 24 hours after anything but 2xx within 5 s; so what is stored but not
  understood is answered 200.
- Known limits: items come in any order. Without the look-up a deal has nobody.
- How sure: the vectors that HubSpot's SDKs publish, and a captured workflow delivery.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.errors import NotUnderstood, SignatureRefused
from ..domain.events import Deal, Event
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.jsontext import loads
from ..domain.signing import require_fresh, require_match
from . import flat, kit, lookups, signatures, whose
from .reading import block, blocks, missing, moment, money, text

V3: Final = "x-hubspot-signature-v3"
AT: Final = "x-hubspot-request-timestamp"
OLD: Final = "x-hubspot-signature"
VERSION: Final = "x-hubspot-signature-version"
TOLERANCE: Final = timedelta(minutes=5)
API: Final = "https://api.hubapi.com"
_ASKED: Final = ("email", "phone", "firstname", "lastname")
PORTAL: Final = "portal_id"
WON_STAGES: Final = "won_stages"
MAX_ITEMS: Final = 1_000  # HubSpot sends 100 at most

_KEYS: Final = ("portalId", "subscriptionType", "objectId", "eventId", "occurredAt")
_NAMED: Final = ("contact.created", "contact.updated", "employee.milestone")  # what needs a person alone
_OBJECTS: Final = {"0-1": "contact", "0-3": "deal"}
_TOLD: Final = frozenset({("contact", "creation"), ("contact", "propertyChange"), ("deal", "propertyChange")})
_ESCAPES: Final = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def verify(request: Request, source: Source) -> None:
    """By v3 where it is there, else by what the version header says; anything else is SignatureRefused."""
    url = kit.signed_url(source, request.url)
    if V3 in request.headers:
        sent, at = request.headers[V3], request.headers.get(AT, "")
        require_fresh(at, request.received_at, TOLERANCE, per_second=1000)
        message = _bytes(request.method + _decoded(url)) + request.body + at.encode("ascii")
        require_match([sent], [signatures.mac(key, message) for key in kit.keys_of(source)])
        return
    version = request.headers.get(VERSION, "v1")
    if version == "v2":
        before = _bytes(request.method + url)
    elif version == "v1" and request.body.lstrip()[:1] == b"[":
        before = b""
    else:
        raise SignatureRefused
    made = [hashlib.sha256(key + before + request.body).hexdigest() for key in kit.keys_of(source)]
    require_match([request.headers.get(OLD, "")], made)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """What all items of a batch are known by, or a workflow's contact; else the body's digest, weak."""
    value, request = loads(verified.request.body), verified.request
    found = kit.named_keys(verified, value)
    if isinstance(value, list):
        items = [_item_key(item) for item in value]
        if items and all(items):
            found += (kit.key("batch", *sorted(item for item in items if item)),)
    elif isinstance(value, dict) and "vid" in value:
        changed = block(block(value.get("properties")).get("lastmodifieddate")).get("value")
        parts = (value.get("portal-id"), value.get("vid"), changed, flat.type_of({}, request.query))
        if changed is not None:
            found += (kit.key("workflow", *map(str, parts)),)
    return found or (kit.Key(kit.body_key(request, request.query), weak=True),)


def read(verified: kit.Verified) -> list[Event]:
    """The events of a batch's items, each with its own key; or the one of a workflow's contact."""
    value = loads(verified.request.body)
    if isinstance(value, dict) and "vid" in value:
        return [_workflow(verified, value)]
    if not isinstance(value, list):
        raise missing("No batch of HubSpot, and no contact", ["an array of items", "vid"], value)
    if len(value) > MAX_ITEMS:
        raise NotUnderstood(f"{len(value)} items in one batch; {MAX_ITEMS} are the most")
    found = [_item(verified, item) for item in value if _is_ours(verified.source, item)]
    return [event for event in found if event is not None]


def is_foreign(verified: kit.Verified) -> bool:
    """Where nothing of it is of the source's portal; of a batch the others' items are passed over."""
    value = loads(verified.request.body)
    items = value if isinstance(value, list) else [value]
    return bool(items) and not any(_is_ours(verified.source, item) for item in items)


def _is_ours(source: Source, item: Any) -> bool:
    told = block(item)
    return whose.is_ours(source, PORTAL, told.get("portalId", told.get("portal-id")))


def look_up(event: Event, source: Source, credential: str) -> lookups.Walk:
    """Of a deal its amount and its first contact, of a contact who it is."""
    objects = f"{lookups.api_url(source, API)}/crm/v3/objects"
    proof = {"authorization": f"Bearer {credential}"}
    if event.deal is not None and event.contact is None:
        told = yield lookups.Ask(
            f"{objects}/deals/{lookups.path_part(event.deal.id, 'objectId')}"
            "?properties=amount,deal_currency_code&associations=contacts",
            proof,
        )
        event = _with_deal(event, event.deal, told, source)
    if not lookups.is_nameless(event) or event.contact is None:
        return event
    who = str(event.contact.external_id)
    told = yield lookups.Ask(
        f"{objects}/contacts/{lookups.path_part(who, 'objectId')}?properties={','.join(_ASKED)}", proof
    )
    said = block(told.get("properties"))
    person = read_person(
        country=source.country,
        external_id=who,
        email=said.get("email"),
        phone=said.get("phone"),
        first_name=said.get("firstname"),
        last_name=said.get("lastname"),
    )
    return replace(event, contact=person)


def _with_deal(event: Event, deal: Deal, told: Mapping[str, Any], source: Source) -> Event:
    said = block(told.get("properties"))
    code = text(said.get("deal_currency_code"), "deal_currency_code")
    value = money(said.get("amount"), code, "amount", source.currency)
    found = blocks(block(block(told.get("associations")).get("contacts")).get("results"))
    who = text(found[0].get("id"), "associations.contacts.results.0.id") if found else None
    person = None if who is None else Person(external_id=who)
    return replace(event, deal=replace(deal, value=value), contact=person)


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:
    at = str(int(now.timestamp() * 1000))
    message = _bytes("POST" + _decoded(url)) + body + at.encode()
    return {
        "X-HubSpot-Signature-v3": signatures.mac(secret.encode(), message),
        "X-HubSpot-Request-Timestamp": at,
    }


def sign_for(source: Source, body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:
    """As HubSpot signs it for this source: over the URL that is registered there."""
    return sign(body, secret, now, kit.signed_url(source, url))


def check_source(source: Source) -> list[str]:
    stages = source.options.get(WON_STAGES)
    faults = kit.url_faults(source) + whose.faults(source, PORTAL)
    is_list = isinstance(stages, list | tuple) and all(isinstance(one, str) and one for one in stages)
    if stages is not None and not is_list:
        faults.append(f'{WON_STAGES}: write a list of the ids of deal stages, such as ["closedwon"]')
    return faults


def _bytes(written: str) -> bytes:
    return written.encode("utf-8", "surrogatepass")


def _decoded(url: str) -> str:
    """The escapes that HubSpot decodes before it signs; the mark before the query stays as it is."""
    return _ESCAPES.sub(lambda found: chr(int(found[0][1:], 16)), url)


def _item_key(item: Any) -> str | None:
    """None where the item does not say what it is of."""
    if not isinstance(item, dict):
        return None
    parts = [item.get(name) for name in _KEYS]
    if not all(isinstance(part, str | int) and not isinstance(part, bool) and str(part) for part in parts):
        return None
    return kit.key(*map(str, parts)).text


def _item(verified: kit.Verified, item: Any) -> Event | None:
    if not isinstance(item, dict):
        raise missing("No item of HubSpot", _KEYS, item)
    name = text(item.get("subscriptionType"), "subscriptionType")
    if name is None:
        raise missing("No item of HubSpot", ["subscriptionType", "objectId"], item)
    kind, _, deed = name.partition(".")
    if kind == "object":
        kind = _OBJECTS.get(str(item.get("objectTypeId")), "")
    if (kind, deed) not in _TOLD:  # an association has two objects and no `objectId`
        return None
    object_id = text(item.get("objectId"), "objectId")
    if object_id is None:
        raise missing("No item of HubSpot", ["subscriptionType", "objectId"], item)
    at = moment(item.get("occurredAt"), "occurredAt", "UTC") or verified.request.received_at
    key = _item_key(item)
    if kind == "contact":
        event_type = "contact.created" if deed == "creation" else "contact.updated"
        return Event(event_type, at, item, contact=_person(verified.source, item, object_id), key=key)
    if item.get("propertyName") == "dealstage":
        stages = verified.source.options.get(WON_STAGES, ("closedwon",))
        if isinstance(stages, list | tuple) and item.get("propertyValue") in stages:
            return Event("deal.won", at, item, deal=Deal(object_id), key=key)
    return None


def _person(source: Source, item: dict[str, Any], object_id: str) -> Person:
    """The id, and of a change the one property that it names."""
    told = {"email": "email", "phone": "phone", "firstname": "first_name", "lastname": "last_name"}
    name = told.get(str(item.get("propertyName")))
    changed = {name: item.get("propertyValue")} if name else {}
    return read_person(country=source.country, external_id=object_id, **changed)


def _workflow(verified: kit.Verified, contact: dict[str, Any]) -> Event:
    properties = block(contact.get("properties"))

    def said(name: str) -> Any:
        return block(properties.get(name)).get("value")

    person = read_person(
        country=verified.source.country,
        external_id=contact.get("vid"),
        email=said("email"),
        phone=said("phone") or said("mobilephone"),
        first_name=said("firstname"),
        last_name=said("lastname"),
    )
    named = flat.type_of({}, verified.request.query)
    return Event(
        type=named if named and (named in _NAMED or named.startswith("custom.")) else "contact.updated",
        occurred_at=verified.request.received_at,
        data=contact,
        contact=person if person.is_known else None,
    )


def _sample(name: str, event_type: str, **more: Any) -> kit.Sample:
    item = {
        "eventId": 100,
        "subscriptionId": 12345,
        "portalId": 62515,
        "appId": 54321,
        "occurredAt": 1795186800000,
        "subscriptionType": name,
        "attemptNumber": 0,
        "objectId": f"51-{kit.MARKER}",
        **more,
    }
    return kit.Sample(name, event_type, json.dumps([item]).encode())


_CHANGE: Final = {"propertyName": "email", "propertyValue": f"ada.{kit.MARKER}@example.com"}
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("contact.creation", "contact.created", changeFlag="NEW"),
        _sample("contact.propertyChange", "contact.updated", **_CHANGE),
        _sample("deal.propertyChange", "deal.won", propertyName="dealstage", propertyValue="closedwon"),
    )
}

ADAPTER = kit.Adapter(
    name="hubspot",
    title="HubSpot",
    setup="In the app's settings, Webhooks: set the source's URL as target and subscribe to Contact created "
    "and to changes of a deal's stage; put the app's client secret into the source.",
    guide=kit.Guide(
        start="deal.won",
        gives_secret=True,
        steps=(
            (
                "In the developer account open the app, Webhooks: target URL <url>, and subscribe to Contact "
                "created and to changes of a deal's `dealstage`."
            ),
            "Put the app's client secret, from Auth, into the source.",
            (
                "Put a private app's token, which may read contacts and deals, into the source as its "
                "`credential`: it tells who a contact is, whose a deal is and what it is worth."
            ),
            "Write the portal's id into the source's options as `portal_id` where the app has others too.",
            (
                "For a person with an e-mail, where there is no `credential`, use a workflow: its step Send "
                "a webhook, POST to `<url>?event=custom.new-customer`, with the request signature of that "
                "app. It brings the contact's properties along, and a recipe begins on "
                "`custom.new-customer`; of a deal it tells nothing."
            ),
            (
                "Where won deals have stages of your own, list their ids as `won_stages` in the source's "
                "options."
            ),
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    sign_for=sign_for,
    samples=SAMPLES,
    answers=kit.Answers(rejected=200),
    options=(kit.SIGNED_URL, PORTAL, WON_STAGES, lookups.API_URL),
    check_source=check_source,
    is_foreign=is_foreign,
    lookup=look_up,
)
