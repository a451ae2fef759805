"""The audit trail of an account for the doors: who changed what, when and why, card or not.

The one rule: a row names things and never shows what is secret in them; nothing here changes anything.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account
from ..domain.events import rfc3339
from ..store import audit
from ..store.audit import Entry, Filters
from .paging import Page, bad, close_cursor, limit_of, open_cursor, with_filters
from .parts import Parts

PREFIXES: Final = {
    "gift_card": ids.CARD,
    "contact": ids.CONTACT,
    "account": ids.ACCOUNT,
    "key": ids.KEY,
    "endpoint": ids.ENDPOINT,
    "program": ids.PROGRAM,
    "fund": ids.FUND,
    "run": ids.RUN,
    "event": ids.EVENT,
    "delivery": ids.INBOUND,
    "transaction": ids.TRANSFER,
}
ORDER: Final = "order"
SOURCE: Final = "source"
TYPES: Final = (*PREFIXES, ORDER, SOURCE)
"""What is changed. Sources go by slugs, an order by `order` and the shop's id, others by an id of ours."""


def page(parts: Parts, account: Account | None, asked: Mapping[str, Any]) -> Page:
    """Rows that fit all of `asked` (subject, type, act, actor, since, until, limit, cursor), newest first.

    Without an account they are the platform's: what was done to its keys.
    """
    limit = limit_of(asked.get("limit"))
    which = with_filters("trail", asked)
    after = open_cursor(parts, account, which, asked.get("cursor"))
    told = {name: asked.get(name) for name in ("subject", "act", "actor", "since", "until")}
    filters = Filters(prefix=_prefix(account, asked.get("type")), **told)
    owner = None if account is None else account.id
    with parts.engines.reading() as connection:
        found = audit.list_page(connection, owner, filters, after=after, limit=limit + 1)
    shown = [row_json(one) for one in found[:limit]]
    if len(found) <= limit:
        return Page(shown, None)
    return Page(shown, close_cursor(parts, account, which, found[limit - 1].place))


def row_json(entry: Entry) -> dict[str, Any]:
    """As a card's own trail has it, with what was changed in place of the card."""
    return {
        "type": _type(entry.subject),
        "subject": entry.subject,
        "act": entry.act,
        "transaction_id": entry.transfer,
        "source": entry.source,
        "origin": dict(entry.origin),
        "reason": entry.reason,
        "note": entry.note,
        "details": None if entry.details is None else dict(entry.details),
        "created_at": rfc3339(entry.created_at),
    }


def _type(subject: str) -> str:
    if subject.startswith(f"{ORDER} "):
        return ORDER
    prefix = subject.partition("_")[0]
    return next((name for name, one in PREFIXES.items() if one == prefix and "/" not in subject), SOURCE)


def _prefix(account: Account | None, wanted: str | None) -> str | None:
    if wanted is None:
        return None
    if wanted not in TYPES:
        raise bad("type", f"is one of {', '.join(TYPES)}")
    if wanted == ORDER:
        return f"{ORDER} "
    if wanted != SOURCE:
        return f"{PREFIXES[wanted]}_"
    return "/" if account is None else f"{account.slug}/"  # the platform has no sources
