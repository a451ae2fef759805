"""Whether a source would work: what stands in its way before anything is posted, and what an answer means.

One rule: every sentence says what to do about it, and none holds a secret.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from ..adapters.kit import Adapter, Sample, faults_of, find_sample, open_delivery
from ..domain.accounts import InboundSource
from ..domain.errors import BadJson, ConnectorError, NotFound
from ..domain.inbound import Request
from ..domain.jsontext import loads
from ..store import accounts
from . import samples
from .parts import Parts

HERE: Final = "127.0.0.1"
"""Where the sample comes from, as the gateway sees it."""
PROVING: Final = frozenset({"content-type"})
"""What a post without its proof keeps of its headers."""
_MEANINGS: Final = {
    401: "The gateway there has another secret for this source: was it started with this configuration? "
    "Restart it, and paste the source's newest secret into the platform.",
    403: "The gateway lets this source's platform in by address (allow_ips, or the platform's own list), and "
    "this machine is none of them. Try it from the platform.",
    404: "The gateway there does not know the source, or it is disabled: was it started with this "
    "configuration? Restart it.",
    429: "The gateway is too busy just now. Try again.",
    503: "The gateway is too busy just now, or cannot write to its database. Try again.",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A sample ready to go out. `obstacles`: why no delivery would be taken; `remarks`: what else to know.

    `becomes`: the types of the events that the sample amounts to. `bare`: the same post without its proof.
    """

    found: InboundSource
    sample: Sample
    post: samples.Post
    becomes: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def bare(self) -> samples.Post:
        kept = {name: value for name, value in self.post.headers.items() if name.lower() in PROVING}
        return replace(self.post, headers=kept)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gateway's answer comes to, `means` in one sentence."""

    means: str
    is_ok: bool
    answer: Mapping[str, Any] | None = None


def prepare(parts: Parts, account: str, slug: str, event: str | None) -> Trial:
    """Sign a fresh sample for this source and look at it as the gateway will.

    Without `event` the first sample that a recipe listens for. NotFound; ValidationFailed for an
    event that the platform has no sample of.
    """
    with parts.engines.reading() as connection:
        found = accounts.find_source(connection, parts.ring, account, slug)
    if found is None:
        raise NotFound(f"There is no source {account[:63]}/{slug[:63]}.")
    adapter = parts.adapters[found.source.adapter]
    chosen = _chosen(parts, adapter, found) if event is None else find_sample(adapter, event)
    url = f"{parts.public_url.rstrip('/')}/hooks/{account}/{slug}"
    if not found.source.secrets:
        nothing = samples.Post(url, {"content-type": chosen.content_type}, chosen.body)
        return Trial(
            found, chosen, nothing, obstacles=("It has no secret: give it one, else all is refused.",)
        )
    name = chosen.event_type if event is None else event
    post = samples.sample(parts, found, name, url=url, now=parts.clock.now(), is_new=True)
    becomes, refused = _read(parts, adapter, found, post)
    obstacles = [*_turned_off(found), *faults_of(adapter, found.source), *refused]
    return Trial(
        found, chosen, post, becomes, tuple(obstacles), tuple(_remarks(parts, adapter, found, becomes))
    )


def judge(status: int, body: bytes, *, is_bare: bool) -> Verdict:
    """What the gateway's answer to the sample means; `is_bare`: to the post without its proof."""
    answer = _object(body)
    if is_bare and status == 401:
        return Verdict(
            "The gateway knows the source, and refuses what is not signed.", is_ok=True, answer=answer
        )
    if 200 <= status < 300 and not is_bare:
        fate = str((answer or {}).get("status", "taken"))
        if fate == "rejected":
            return Verdict(f"It is stored and not understood: {_detail(answer)}", is_ok=False, answer=answer)
        return Verdict(f"The gateway took it: {fate}.", is_ok=True, answer=answer)
    if 200 <= status < 300:
        return Verdict("The gateway took what nobody had signed.", is_ok=False, answer=answer)
    return Verdict(
        _MEANINGS.get(status) or f"The gateway refused it: {_detail(answer)}", is_ok=False, answer=answer
    )


def _chosen(parts: Parts, adapter: Adapter, found: InboundSource) -> Sample:
    every = list(adapter.samples.values())
    return next((one for one in every if _listeners(parts, found, one.event_type)), every[0])


def _listeners(parts: Parts, found: InboundSource, event_type: str) -> bool:
    source = found.source
    snapshot = parts.library.current
    return bool(snapshot.for_event(event_type, source.account, source.slug, source.adapter))


def _read(
    parts: Parts, adapter: Adapter, found: InboundSource, post: samples.Post
) -> tuple[tuple[str, ...], list[str]]:
    """The event types that the post amounts to, and why it would be refused; no transaction is begun."""
    headers = {name.lower(): value for name, value in post.headers.items()}
    request = Request("POST", post.url, headers, post.body, HERE, parts.clock.now())
    try:
        verified = open_delivery(adapter, request, found.source)
        return tuple(one.type for one in adapter.read(verified)), []
    except ConnectorError as refused:
        return (), [f"Its own sample is refused: {refused.detail}"]


def _turned_off(found: InboundSource) -> list[str]:
    return [] if found.is_enabled else ["It is disabled: every delivery is answered 404."]


def _remarks(parts: Parts, adapter: Adapter, found: InboundSource, becomes: tuple[str, ...]) -> list[str]:
    told = []
    if _is_only_here(parts.public_url):
        told.append(
            f"No platform can reach {parts.public_url.rstrip('/')}: set [server] public_url to an address "
            "that leads here."
        )
    if adapter.lookup is not None and not found.credential:
        told.append(
            f"{adapter.title} leaves things out of its webhooks; with a `credential` its API is asked."
        )
    if adapter.never_completes and found.complete_after == "never":
        told.append('complete_after = "never": no booking will ever be completed.')
    if becomes and not any(_listeners(parts, found, one) for one in becomes):
        types = ", ".join(dict.fromkeys(becomes))
        told.append(f"No live recipe listens for {types} from here; events and totals are kept all the same.")
    return told


def _is_only_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_private


def _object(body: bytes) -> dict[str, Any] | None:
    """The answer, where it is a JSON object: some platforms get a bare one."""
    try:
        answer = loads(body)
    except BadJson:
        return None
    return answer if isinstance(answer, dict) else None


def _detail(answer: Mapping[str, Any] | None) -> str:
    told = answer or {}
    return str(told.get("detail") or told.get("reason") or told.get("title") or "it does not say why.")
