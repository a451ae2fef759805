"""What an adapter is made of, and the one way from a request to something that may be read.

`open_delivery` makes a `Verified` of what proved itself, `stored_delivery` of what
did so before it was stored, and `read` takes nothing else: a body whose sender
has not proved itself cannot be read by mistake.
"""

import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..domain import jsontext
from ..domain.contacts import Trust
from ..domain.errors import (
    NotFound,
    NotUnderstood,
    SignatureRefused,
    ValidationFailed,
    WrongContentType,
)
from ..domain.events import Event
from ..domain.inbound import Request, Source
from .lookups import Lookup, api_faults
from .multipart import multipart
from .reading import at, form, is_path, missing

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
MARKER: Final = "sample-1"
"""Stands in every id and e-mail of a sample: `renewed` makes another booking, order or person of it."""
NUMBER: Final = 7270000001
"""Stands instead in ids that a platform's own clients know as numbers."""
NAMED_ID: Final = "delivery_id"
TESTS: Final = "tests"
"""What becomes of deliveries that the platform marks as tests, in a live account: TAKEN or IGNORED."""
TAKEN: Final = "take"
IGNORED: Final = "ignore"
"""The option by which a source says where its delivery's id stands: `uri`, or `uri + created_at`."""
VOUCHES: Final = "vouches"
"""The option by which a source says whether it knows whose the addresses are that it tells."""
SIGNED_URL: Final = "signed_url"
"""The option for a URL that a proxy of the operator's writes otherwise than `public_url` and our path."""
NO_SUCH_SOURCE: Final = "There is no such source."
"""Said of a wrong path token too, so that nobody learns which sources there are."""

_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})
_URL: Final = re.compile(r"https?://[!-~]{1,2000}", re.ASCII)
_NONCE: Final = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)
_PLAIN_KEY: Final = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
_TYPED: Final = ("form.submitted", "survey.completed")
_MAX_PLAIN_KEY: Final = 200  # longer ones are kept as their digest: an index row stays small


@dataclass(frozen=True, slots=True)
class Verified:
    """A request whose sender has proved itself to be `source`. Made in this file only.

    `read_once` is for `payload`: what the body holds, once it was read.
    """

    request: Request
    source: Source
    read_once: list[dict[str, Any]] = field(default_factory=list, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Key:
    """What a delivery is known again by. `weak`: only for ten minutes, since two honest ones may be alike."""

    text: str
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A body as the platform sends it: `platform_name` is its word for the event, `event_type` ours.

    `headers`: those that tell of the event and prove nothing, such as a topic.
    """

    platform_name: str
    event_type: str
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answers:
    """The HTTP answers that a platform needs.

    `rejected`: for what was stored and not understood; 200 where the platform
    switches a hook off after a 4xx. `accepted`: for what a worker will run.
    `busy`: when nothing was stored; 429 where the platform tries again after
    nothing else. `answers_head`: HEAD gets 200. `bare`: 2xx goes without a body.
    """

    rejected: int = 422
    accepted: int = 202
    busy: int = 503
    answers_head: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """How an operator sets the platform up; docs/sources/ is made of it.

    `steps`: where to click and what to paste, one deed each; `<url>` and `<secret>` stand for the
    source's own. `start`: the event of ours that a first recipe begins on. `gives_secret`: the
    platform makes the secret and the source gets it; else it is ours and is pasted there.
    """

    start: str
    steps: tuple[str, ...]
    gives_secret: bool = False


def common_faults(source: Source) -> list[str]:
    """What is wrong with the options that every adapter knows."""
    named, faults = source.options.get(NAMED_ID), api_faults(source)
    if source.options.get(TESTS, TAKEN) not in (TAKEN, IGNORED):
        faults = [f"{TESTS}: write {TAKEN} or {IGNORED}", *faults]
    if not isinstance(source.options.get(VOUCHES, True), bool):
        faults = [f"{VOUCHES}: write true or false", *faults]
    if named is None or (isinstance(named, str) and all(map(is_path, _paths(named)))):
        return faults
    return [f"{NAMED_ID}: write a path such as payload.id, or several with + between", *faults]


def faults_of(adapter: "Adapter", source: Source) -> list[str]:
    """All that is wrong with such a source, each beginning with the option's name.

    An option that the adapter does not know is a slip: `test = "ignore"` would give cards for tests.
    """
    known = (NAMED_ID, TESTS, VOUCHES, *adapter.options)
    strange = [name for name in source.options if name not in known]
    told = [f"{name}: {adapter.name} has no such option{suggestion(name, known)}" for name in strange]
    return told + adapter.check_source(source)


def needs_currency(source: Source) -> list[str]:
    """For adapters whose platform sends no currency."""
    return [] if source.currency else ["currency: this platform sends none, so the source must name it"]


def url_faults(source: Source) -> list[str]:
    """For adapters whose platform signs its own words for our URL, as it was registered there."""
    url, faults = source.options.get(SIGNED_URL), common_faults(source)
    if url is not None and not (isinstance(url, str) and _URL.fullmatch(url)):
        faults.append(f"{SIGNED_URL}: write the URL as it is registered there, from https:// on")
    return faults


def signed_url(source: Source, url: str) -> str:
    """The URL that the platform signed: what the source's option says, else `url`, our own public one."""
    named = source.options.get(SIGNED_URL)
    return named if isinstance(named, str) and named else url


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One platform. Its functions are total: any input ends in a value or in an error named here.

    `setup`: what to do on the platform, one sentence; `guide`: at length. `new_secret`: a fresh one,
    for a source that was given none. `verify` raises SignatureRefused (and, for
    a path token, NotFound). `delivery_ids` gives the delivery's keys, own id
    first, () where nothing can be trusted; it raises BadJson. `read` gives the
    events, [] where there is none of ours; it raises BadJson or NotUnderstood,
    and looks at no header that proves something, since those are not stored.
    `sign` gives the headers as the platform would set them on `body`, posted to
    `url`; `sign_for` likewise, where the source's options decide. `samples` go
    by our event type. `options` are its own, beside those that every adapter knows; `check_source`
    lists what is wrong in them.
    `is_foreign`: whether it is of another of the platform's accounts than the source's options
    name; `is_test`: whether the platform marks it as a test.
    `trust`: how far it is believed of who is there already what addresses they have.
    `lookup`: how its API completes what the webhooks leave out. `never_completes`:
    the platform never says that a booking took place; it is completed when its time
    is over.
    """

    name: str
    title: str
    setup: str
    guide: Guide
    new_secret: Callable[[], str]
    verify: Callable[[Request, Source], None]
    delivery_ids: Callable[[Verified], tuple[Key, ...]]
    read: Callable[[Verified], list[Event]]
    sign: Callable[[bytes, str, datetime, str], dict[str, str]]
    samples: Mapping[str, Sample]
    sign_for: Callable[[Source, bytes, str, datetime, str], dict[str, str]] | None = None
    content_types: tuple[str, ...] = (JSON,)
    trust: Trust = Trust.BY_ID
    answers: Answers = Answers()
    options: tuple[str, ...] = ()
    check_source: Callable[[Source], list[str]] = common_faults
    allows_path_token: bool = False
    never_completes: bool = False
    lookup: Lookup | None = None
    is_foreign: Callable[[Verified], bool] | None = None
    is_test: Callable[[Verified], bool] | None = None
    is_ping: Callable[[Request], bool] | None = None
    card_fields: frozenset[str] = frozenset()


def open_delivery(adapter: Adapter, request: Request, source: Source) -> Verified:
    """The proof that `source` sent `request`; WrongContentType, NotFound or SignatureRefused."""
    if request.token is not None and not adapter.allows_path_token:
        raise NotFound(NO_SUCH_SOURCE)
    _require_content_type(adapter, request)
    if not any(secret.strip() for secret in source.secrets):
        raise SignatureRefused
    adapter.verify(request, source)
    return Verified(request, source)


def stored_delivery(request: Request, source: Source) -> Verified:
    """A request that was proved when it came and has been in our own database since, without its proof."""
    return Verified(request, source)


def trust_in(adapter: Adapter, source: Source, event_type: str) -> Trust:
    """How far such an event of the source is believed; its option has the last word."""
    own = Trust.TYPED if event_type in _TYPED else adapter.trust
    chosen = source.options.get(VOUCHES)
    if chosen is True:
        return Trust.VOUCHED
    return Trust.BY_ID if chosen is False and own is Trust.VOUCHED else own


def keys_of(source: Source) -> list[bytes]:
    """The source's secrets as the bytes that most platforms sign with, newest first; a blank one is none."""
    return [secret.encode("utf-8", "surrogatepass") for secret in source.secrets if secret.strip()]


def payload(verified: Verified) -> dict[str, Any]:
    """The fields of a JSON, form or multipart body; BadJson, or NotUnderstood where the JSON is no object.

    Read once for all who ask, keys, marks and events: most of what a delivery costs here. Nobody changes it.
    """
    if not verified.read_once:
        verified.read_once.append(_fields(verified.request))
    return verified.read_once[0]


def _fields(request: Request) -> dict[str, Any]:
    if request.content_type == FORM:
        return dict(form(request.body))
    if request.content_type == MULTIPART:
        return dict(multipart(request.body, request.headers.get("content-type", "")))
    value = jsontext.loads(request.body)
    if not isinstance(value, dict):
        raise missing("The body is not understood", ["a JSON object"], value)
    return value


def known_fields(verified: Verified) -> dict[str, Any]:
    """As `payload`, but {} where the JSON is no object: it may have a key before it is understood."""
    try:
        return payload(verified)
    except NotUnderstood:
        return {}


def key(*parts: str) -> Key:
    """A key of one or more parts, trimmed, their case kept; long or unusual text is kept as its digest."""
    whole = " ".join("%20".join(part.split()) for part in parts)
    if len(whole) <= _MAX_PLAIN_KEY and _PLAIN_KEY.fullmatch(whole):
        return Key(whole)
    return Key("sha256:" + hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest())


def named_keys(verified: Verified, fields: Any) -> tuple[Key, ...]:
    """The id that the source's option `delivery_id` points at in `fields`; () where it is not all there."""
    named = verified.source.options.get(NAMED_ID)
    if not isinstance(named, str):
        return ()
    found = [at(fields, path) for path in _paths(named)]
    texts = [str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool)]
    if len(texts) != len(found) or not all(one.strip() for one in texts):
        return ()
    return (key(NAMED_ID, *texts),)


def body_key(request: Request, *also: str) -> str:
    """The last resort: a digest of the body and of what else tells two deliveries apart (`also`)."""
    digest = hashlib.sha256(request.body)
    for text in also:
        digest.update(b"\x00" + text.encode("utf-8", "surrogatepass"))
    return "body:" + digest.hexdigest()


def find_sample(adapter: Adapter, text: str) -> Sample:
    """The sample for our event type or for the platform's name, or ValidationFailed with the nearest one."""
    found = adapter.samples.get(text)
    if found is not None:
        return found
    for sample in adapter.samples.values():
        if sample.platform_name == text:
            return sample
    names = sorted({*adapter.samples, *(sample.platform_name for sample in adapter.samples.values())})
    raise ValidationFailed(f"{adapter.name} has no sample {text[:80]!r}{suggestion(text, names)}")


def suggestion(text: str, names: Iterable[str]) -> str:
    """`; did you mean x?`, or the list where nothing is near."""
    known = list(names)
    near = difflib.get_close_matches(text[:80], known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"


def renewed(body: bytes, nonce: str) -> bytes:
    """A sample's body as another booking, order and person; `nonce` has 1 to 40 letters, digits or dashes."""
    if not _NONCE.fullmatch(nonce):
        raise ValueError("a nonce has 1 to 40 letters, digits or dashes")
    number = 10**9 + int.from_bytes(hashlib.sha256(nonce.encode()).digest()[:4])
    return body.replace(MARKER.encode(), nonce.encode()).replace(str(NUMBER).encode(), str(number).encode())


def signed_headers(adapter: Adapter, source: Source, body: bytes, now: datetime, url: str) -> dict[str, str]:
    """The headers with which the platform would post `body` to this very source, by its newest secret."""
    secret = source.secrets[0]
    if adapter.sign_for is not None:
        return adapter.sign_for(source, body, secret, now, url)
    return adapter.sign(body, secret, now, url)


def _paths(named: str) -> list[str]:
    return [path.strip() for path in named.split("+")]


def _require_content_type(adapter: Adapter, request: Request) -> None:
    kind = request.content_type
    if kind not in adapter.content_types:
        raise WrongContentType(f"{kind[:80] or 'No content type'}: send {' or '.join(adapter.content_types)}")
    for parameter in request.headers.get("content-type", "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in _CHARSETS:
            raise WrongContentType("The body must be UTF-8")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise WrongContentType("A compressed body is not accepted; send it as it is")
