"""Mail to whoever runs an account, of endpoints that only fail: after a day, a day before the end, at it.

The one rule: a notice is a row of the transaction that noted what it tells of, so that it goes out once.
Where an account names nobody, no mail is set up, or it is a sandbox, only the message tells it.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ..domain.accounts import Account
from ..domain.endpoint_health import GIVEN_UP_AFTER, WARNED_AFTER, is_warning_due
from ..domain.events import rfc3339
from ..domain.notifications import BY_MAIL, Written
from ..store import accounts, conditions, notifications
from ..store.conditions import Held
from ..store.writer import Writing
from .endpoint_fields import host_of
from .parts import Parts

FAILING: Final = "endpoint-failing"
SWITCHED_OFF: Final = "endpoint-disabled"
_WHY: Final = {
    "failing": "since it only failed for {days} days",
    "gone": "since it answered 410 Gone",
    "receiver": "since it asked for that in its answer",
}
_WHERE: Final = """\
What was sent and answered: connector deliveries list {slug}
or GET /v1/webhook-deliveries?endpoint_id={endpoint}
"""


def warn_due(parts: Parts) -> int:
    """Warn of each endpoint that has failed for so long that somebody must know; how many."""
    if BY_MAIL not in parts.senders:
        return 0
    now = parts.clock.now()
    with parts.engines.reading() as connection:
        found = conditions.failing(connection, now - WARNED_AFTER[0])
    due = [one for one in found if is_warning_due(one[1], one[2], now)]
    return sum(parts.writer.run(partial(_warn, parts, one, seen)) for one, _, seen in due)


def tell_of_end(parts: Parts, tx: Writing, account: Account, held: Held, host: str, reason: str) -> None:
    """That an endpoint was switched off, and why."""
    why = _WHY.get(reason, reason).format(days=GIVEN_UP_AFTER // timedelta(days=1))
    text = (
        f"{account.name} sends no more webhooks to {host} ({held.public_id}), {why}.\n"
        f"What waits for it is kept, unless it answered 410. Once it is mended:\n"
        f"connector endpoints enable {account.slug} {held.public_id}\n\n"
        f"{_where(account, held)}"
    )
    _mail(parts, tx, account, SWITCHED_OFF, Written(text, f"Webhooks to {host} are switched off"))


def _warn(parts: Parts, endpoint: int, seen: datetime | None, tx: Writing) -> int:
    held = conditions.hold(tx, endpoint, or_pass=True)  # who is held now is warned at the next look
    since = None if held is None else held.condition.failing_since
    if held is None or since is None or held.status != "enabled" or held.deleted_at is not None:
        return 0
    if not conditions.warn(tx, endpoint, seen, tx.wall):
        return 0
    account = accounts.by_id(tx, held.account_id)
    host = host_of(held.url)
    text = (
        f"No webhook of {account.name} has arrived at {host} ({held.public_id}) since {rfc3339(since)}.\n"
        f"What waits for it is kept and tried again. It is switched off if nothing arrives\n"
        f"by {rfc3339(since + GIVEN_UP_AFTER)}.\n\n"
        f"{_where(account, held)}"
    )
    _mail(parts, tx, account, FAILING, Written(text, f"Webhooks to {host} fail"))
    return 1


def _where(account: Account, held: Held) -> str:
    return _WHERE.format(slug=account.slug, endpoint=held.public_id)


def _mail(parts: Parts, tx: Writing, account: Account, kind: str, written: Written) -> None:
    if account.sandbox or not account.email or BY_MAIL not in parts.senders:
        return
    notifications.add(
        tx,
        parts.ring,
        account_id=account.id,
        template=kind,
        via=BY_MAIL,
        to=account.email,
        written=written,
    )
    tx.after_commit(parts.wake_notifications)
