"""Builders: a source, and a delivery to it as the platform would send it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connector.adapters import kit, registry
from connector.adapters.kit import Adapter, Key, Verified
from connector.adapters.vagaro import PUBLISHED
from connector.domain.events import Event
from connector.domain.inbound import Request, Source

NOW: Final = datetime(2026, 11, 20, 15, 0, 30, tzinfo=UTC)
URL: Final = "https://gifts.example.com/hooks/glow-spa/here"


def a_source(
    adapter: str,
    *,
    secrets: Sequence[str] | None = None,
    currency: str = "USD",
    timezone: str = "America/New_York",
    **options: object,
) -> Source:
    """A source of `glow-spa` in New York, with one fresh secret unless `secrets` says otherwise."""
    kept = (registry.find(adapter).new_secret(),) if secrets is None else tuple(secrets)
    return Source("glow-spa", "here", adapter, kept, currency, timezone, "US", options)


def a_delivery(
    source: Source,
    body: bytes | Mapping[str, Any],
    *,
    at: datetime = NOW,
    content_type: str = kit.JSON,
    headers: Mapping[str, str] | None = None,
    query: str = "",
) -> Request:
    """`body`, signed by the source's newest secret as its platform would; `headers` on top, lower-case."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = kit.signed_headers(registry.find(source.adapter), source, raw, at, URL)
    names = {name.lower(): value for name, value in signed.items()}
    return Request(
        method="POST",
        url=URL,
        headers={**names, "content-type": content_type, **(headers or {})},
        body=raw,
        address=PUBLISHED[0] if source.adapter == "vagaro" else "203.0.113.9",
        received_at=at,
        query=query,
    )


def a_sample(source: Source, sample: kit.Sample, *, body: bytes | None = None, at: datetime = NOW) -> Request:
    """The sample, or `body` in its place, as the platform sends it: with its content type and its headers."""
    headers = {name.lower(): value for name, value in sample.headers.items()}
    raw = sample.body if body is None else body
    return a_delivery(source, raw, at=at, content_type=sample.content_type, headers=headers)


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


def without_header(request: Request, *names: str) -> Request:
    return replace(
        request, headers={name: value for name, value in request.headers.items() if name not in names}
    )


def opened(source: Source, request: Request) -> Verified:
    return kit.open_delivery(adapter_of(source), request, source)


def read_one(source: Source, request: Request) -> Event:
    """The one event of a delivery that must have exactly one."""
    [event] = adapter_of(source).read(opened(source, request))
    return event


def read_all(source: Source, request: Request) -> list[Event]:
    return adapter_of(source).read(opened(source, request))


def keys(source: Source, request: Request) -> tuple[Key, ...]:
    return adapter_of(source).delivery_ids(opened(source, request))


def adapter_of(source: Source) -> Adapter:
    return registry.find(source.adapter)
