"""What arrives: the bytes of one request, and the source that it claims to come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire.

    `headers` have lower-case names; a header sent twice is joined by `, `, so
    that two signatures never count as one. `url` is built from the configured
    public address, never from the Host header. `token` is the last path segment
    of `/hooks/<account>/<source>/<token>`, None where there is none.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    received_at: datetime
    query: str = ""
    token: str | None = None

    @property
    def content_type(self) -> str:
        """The media type alone, lower-case: `application/json`."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Source:
    """A configured inbound webhook, as an adapter sees it.

    `secrets` are newest first and as the platform shows them; empty means that
    everything is refused. `currency`, `timezone` (an IANA name) and `country`
    fill what a payload leaves out. `options` are the adapter's own settings.
    """

    account: str
    slug: str
    adapter: str
    secrets: Sequence[str]
    currency: str
    timezone: str
    country: str
    options: Mapping[str, object] = field(default_factory=dict)
