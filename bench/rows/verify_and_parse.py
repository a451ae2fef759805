"""Each sample of each adapter: proved, known again and read. What is shown is the slowest of them all."""

from datetime import UTC, datetime
from functools import partial
from typing import Final

from bench.figures import Context, Figures, Goal, timed
from connector.adapters import kit, registry
from connector.adapters.kit import Adapter, Sample
from connector.adapters.vagaro import PUBLISHED
from connector.domain.inbound import Request, Source

NAME: Final = "adapters: the slowest sample"
GOAL: Final = Goal(p99_ms=1)
URL: Final = "https://gifts.example.com/hooks/glow-spa/here"
NOW: Final = datetime(2026, 11, 20, 15, tzinfo=UTC)


def measure(context: Context) -> Figures:
    every = [(adapter, one) for adapter in registry.adapters().values() for one in adapter.samples.values()]
    taken = [measured(context.seconds / len(every), adapter, sample) for adapter, sample in every]
    slowest = max(taken, key=lambda figures: figures.p99_ms)
    return Figures(**vars(slowest) | {"errors": sum(figures.errors for figures in taken)})


def measured(seconds: float, adapter: Adapter, sample: Sample) -> Figures:
    """One sample, as its platform posts it, again and again."""
    source = Source(
        "glow-spa", "here", adapter.name, (adapter.new_secret(),), "USD", "America/New_York", "US"
    )
    headers = {**kit.signed_headers(adapter, source, sample.body, NOW, URL), **sample.headers}
    request = Request(
        method="POST",
        url=URL,
        headers={
            **{name.lower(): text for name, text in headers.items()},
            "content-type": sample.content_type,
        },
        body=sample.body,
        address=PUBLISHED[0],
        received_at=NOW,
    )
    read = partial(taken_in, adapter, source, request)
    for _ in range(3):  # what is made once, such as a key out of its text, is made
        read()
    return timed(seconds, read)


def taken_in(adapter: Adapter, source: Source, request: Request) -> bool:
    """Whether the sample was proved, has a key and is an event."""
    verified = kit.open_delivery(adapter, request, source)
    return bool(adapter.delivery_ids(verified)) and len(adapter.read(verified)) == 1
