"""An endpoint as REST and people see it: no secret, no header's value, and how it is doing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain.endpoint_health import breaker_of, is_open
from ..domain.events import rfc3339
from ..domain.signing import fingerprint
from ..store import delivery_lists, endpoints
from ..store.endpoints import Endpoint
from .endpoint_fields import MASKED
from .parts import Parts

DAY: Final = timedelta(hours=24)
_ANSWERED: Final = ("delivered",)


def all_shown(parts: Parts, connection: Any, every: Sequence[Endpoint]) -> list[dict[str, Any]]:
    """Endpoints as they are now, their backlogs counted by one question."""
    backlogs = delivery_lists.counts_open(connection, [one.id for one in every])
    return [shown(parts, one, backlogs[one.id]) for one in every]


def shown(parts: Parts, found: Endpoint, backlog: int) -> dict[str, Any]:
    """As it is now."""
    now = parts.clock.now()
    condition = found.condition
    return {
        "id": found.public_id,
        "url": found.url,
        "event_types": list(found.event_types),
        "filter": None if found.filter is None else dict(found.filter),
        "description": found.description,
        "metadata": dict(found.metadata),
        "headers": dict.fromkeys(endpoints.headers_of(parts.ring, found), MASKED),
        "rate_limit": found.rate_limit,
        "concurrency": found.concurrency,
        "ordering": found.ordering,
        "version": found.version,
        "kind": found.kind,
        "status": found.status,
        "disabled_reason": found.disabled_reason,
        "failing_since": _at(condition.failing_since),
        "last_success_at": _at(condition.last_success_at),
        "breaker": {
            "state": breaker_of(condition, now),
            "until": _at(condition.held_until) if is_open(condition, now) else None,
        },
        "backlog": backlog,
        "secrets": [
            {
                "fingerprint": fingerprint(one.text),
                "created_at": rfc3339(one.created_at),
                "expires_at": _at(one.expires_at),
            }
            for one in endpoints.secrets_of(parts.ring, found, now)
        ],
        "success_rate_24h": None,
        "p95_ms_24h": None,
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.updated_at),
    }


def with_figures(parts: Parts, connection: Any, found: Endpoint) -> dict[str, Any]:
    """As `shown`, with what the last day's attempts came to: null where there were none."""
    records = delivery_lists.recent_records(connection, found.id, parts.clock.now() - DAY)
    took = sorted(one["duration_ms"] for one in records if one["outcome"] in _ANSWERED)
    rate = sum(one["outcome"] in _ANSWERED for one in records) / len(records) if records else None
    return {
        **shown(parts, found, delivery_lists.count_open(connection, found.id)),
        "success_rate_24h": None if rate is None else f"{rate:.4f}",
        "p95_ms_24h": _p95(took),
    }


def _p95(took: Sequence[int]) -> int | None:
    return took[min(len(took) - 1, len(took) * 95 // 100)] if took else None


def _at(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
