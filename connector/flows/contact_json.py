"""Contacts as REST shows them: who they are, and what they have come to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..domain.accounts import Account
from ..domain.events import rfc3339
from ..operations.kit import API_NAMESPACE
from ..store import contact_lists, facts
from ..store.cards import Purse
from ..store.contacts import Contact
from ..store.facts import Totals
from ..store.identities import Identity


def shown(connection: Any, account: Account, found: Sequence[Contact], now: datetime) -> list[dict[str, Any]]:
    """Each contact with its totals, in a few queries for all of them."""
    numbers = [one.id for one in found]
    if not numbers:
        return []
    known = contact_lists.identities_of(connection, numbers)
    totals = facts.totals_of(connection, numbers)
    purses = contact_lists.purses_of(connection, account.id, numbers, now)
    return [_json(account, one, known[one.id], totals[one.id], purses[one.id]) for one in found]


def _json(
    account: Account, contact: Contact, known: Sequence[Identity], totals: Totals, purse: Purse
) -> dict[str, Any]:
    """The answer named Contact.

    `external_id` is the first of the namespace `api`, `external_ids` are all of them by
    namespace. `spent` and `balances` are sums in minor units, one for each currency;
    `balance` is what can be spent in the account's own. What nobody told is null.
    """
    by_namespace: dict[str, list[str]] = {}
    for kind, namespace, value in known:
        if kind == "external_id":
            by_namespace.setdefault(namespace, []).append(value)
    return {
        "id": contact.public_id,
        "external_id": next(iter(by_namespace.get(API_NAMESPACE, [])), None),
        "external_ids": by_namespace,
        "email": contact.email,
        "phone": contact.phone,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "tags": contact.tags,
        "attributes": dict(contact.attributes),
        "referred_by": contact.referred_by,
        "visits": totals.visits,
        "no_shows": totals.no_shows,
        "last_visit_at": _moment(totals.last_visit_at),
        "last_booking_at": _moment(totals.last_booking_at),
        "spent": _sums(dict(totals.spent)),
        "points": totals.points,
        "balance": {
            "amount": purse.balances.get(account.currency, 0),
            "currency": account.currency,
        },
        "balances": _sums(purse.balances),
        "next_expiry_at": _moment(purse.next_expiry_at),
        "last_redeemed_at": _moment(purse.last_redeemed_at),
        "first_seen_at": rfc3339(contact.first_seen_at),
        "created_at": rfc3339(contact.created_at),
        "updated_at": rfc3339(contact.updated_at),
        "erased_at": _moment(contact.erased_at),
    }


def _sums(by_currency: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"amount": amount, "currency": currency} for currency, amount in sorted(by_currency.items()) if amount
    ]


def _moment(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
