"""Generic: a platform without an adapter of its own, described by the source's options.

- Signature: with `signature_header`, HMAC-SHA256 of the body (with `timestamp_header`: of
  `timestamp.body`, seconds, five minutes either way), `signature_encoding` hex or base64, after
  `signature_prefix`; the key is the secret as text. Without it, a shared secret as Zapier presents it.
- Replay: aged by `timestamp_header`. A signature without age is good for ever, so there the body's
  digest is remembered for ever as well.
- Delivery id: `delivery_id` (a path), then `type` with `id`, else the body's digest. `Idempotency-Key`
  and `?event=` count for shared secrets only, since no signature covers them.
- Fields: `fields` maps our flat names to paths in the body (`customer.emails.0`); left out, the body
  has the flat names itself. `type` is one of our event types, or a path; `event_types` maps the
  platform's names to ours, or to "" for those to be ignored. An unlisted name is `custom.<name>`.
- Money: `amount` in major units, or with `amount_unit = "minor"` in the smallest one.
- Time zone: an offset where one is written, else the source's `timezone`.
- Retries: unknown, so the plain answers.
- Known limits: one event in one request; JSON or form. The samples have the flat names.
- How sure: as sure as whoever writes the options.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain.errors import NotFound, SignatureRefused
from ..domain.events import Event
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.signing import base64_of, hex_of, hmac_sha256, require_fresh, require_match
from . import flat, flat_samples, generic_options, kit, shared
from .reading import at, missing

TOLERANCE: Final = timedelta(minutes=5)  # what Stripe, Calendly and Standard Webhooks agree on


def verify(request: Request, source: Source) -> None:
    """By signature where the options name its header, else by the shared secret."""
    options = generic_options.read(source)
    if not options.is_signed:
        shared.verify(request, source)
        return
    if request.token is not None:
        raise NotFound(kit.NO_SUCH_SOURCE)
    timestamp = None
    if options.timestamp_header is not None:
        timestamp = request.headers.get(options.timestamp_header, "")
        require_fresh(timestamp, request.received_at, TOLERANCE)
    sent = request.headers.get(options.signature_header, "")
    if not sent.startswith(options.signature_prefix):
        raise SignatureRefused
    macs = [_mac(options, key, timestamp, request.body) for key in kit.keys_of(source)]
    require_match([sent.removeprefix(options.signature_prefix)], macs)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The source's own choice, what authenticated headers say, `type` with `id`, else the body's digest."""
    options = generic_options.read(verified.source)
    body, request = flat.known_fields(verified), verified.request
    found = kit.named_keys(verified, body)
    if not options.is_signed:
        found += flat.idempotency_keys(request)
    fields = _fields(options, body)
    found += flat.type_and_id(fields, _type(options, body, request))
    if found:
        return found
    query = "" if options.is_signed else request.query
    ages = not options.is_signed or options.timestamp_header is not None
    return (kit.Key(kit.body_key(request, query), weak=ages),)


def read(verified: kit.Verified) -> list[Event]:
    """The one event of the body, [] where `event_types` says to ignore it."""
    options = generic_options.read(verified.source)
    body = flat.payload(verified)
    name = _type(options, body, verified.request)
    if name == generic_options.IGNORED:
        return []
    if name is None and options.type_path:
        raise missing("No event type", [options.type_path], body)
    fields = _fields(options, body)
    delivery = None if options.is_signed else flat.own_id(verified.request)
    return [flat.read(name, fields, body, verified, minor=options.is_minor, delivery=delivery)]


def sign_for(source: Source, body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:
    """The headers that this source's options ask for."""
    options = generic_options.read(source)
    if not options.is_signed:
        return shared.sign(body, secret, now, url)
    headers, timestamp = {}, None
    if options.timestamp_header is not None:
        timestamp = headers[options.timestamp_header] = str(int(now.timestamp()))
    mac = _mac(options, secret.encode(), timestamp, body)
    return {**headers, options.signature_header: options.signature_prefix + mac}


def _mac(options: generic_options.Options, key: bytes, timestamp: str | None, body: bytes) -> str:
    message = body if timestamp is None else timestamp.encode("ascii") + b"." + body
    mac = hmac_sha256(key, message)
    return base64_of(mac) if options.signature_encoding == "base64" else hex_of(mac)


def _fields(options: generic_options.Options, body: Mapping[str, Any]) -> Mapping[str, Any]:
    if not options.fields:
        return body
    found = {name: at(body, path) for name, path in options.fields.items()}
    return {name: value for name, value in found.items() if value is not None}


def _type(options: generic_options.Options, body: Mapping[str, Any], request: Request) -> str | None:
    """Our event type, IGNORED, or None where the body names none."""
    if options.fixed_type:
        return options.fixed_type
    query = "" if options.is_signed else request.query
    if options.type_path:
        written = at(body, options.type_path)
        named = {"type": str(written)} if isinstance(written, str | int) else {}
    else:
        named = {name: body[name] for name in ("type", "event") if isinstance(body.get(name), str)}
    for name in named.values():
        if name.strip() in options.event_types:
            return options.event_types[name.strip()]
    return flat.type_of(named, query)


ADAPTER = kit.Adapter(
    name="generic",
    title="Any other platform",
    setup="Have the platform POST to the source's URL, signed or with the header Authorization: Bearer "
    "<secret>, and say in the source's options where its fields stand.",
    guide=kit.Guide(
        start="order.paid",
        steps=(
            (
                "Find out whether the sender can sign. If it can, say in the source's options which header "
                "holds the signature and how it is written; if not, have it send the header `Authorization: "
                "Bearer <secret>`."
            ),
            "Have it POST to <url> as JSON or as a form.",
            (
                "Say in `options.fields` where the body has what: connector sources test and a first "
                "delivery that is not understood name the fields that were looked for and found."
            ),
        ),
    ),
    new_secret=new_token,
    content_types=(kit.JSON, kit.FORM),
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=shared.sign,
    sign_for=sign_for,
    samples=flat_samples.samples(flat_samples.plain),
    options=generic_options.KNOWN,
    check_source=generic_options.check_source,
    allows_path_token=True,
)
