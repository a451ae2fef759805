"""Contacts as they were: totals, points and tags worked out anew from the events that told them, in order.

The one rule: the same events give the same totals as the rows that they made
(`store/facts.py`, `domain/tag_logs.py`). What came by no event is added at its own moment
where that is kept; what has no history is as it is now, and `untold` says so.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..domain import tag_logs
from ..domain.accounts import Account
from ..domain.errors import ConnectorError
from ..domain.events import BOOKING_STATES, Event, Invoice, Order, Payment, Refund
from ..domain.jsontext import read_own
from ..domain.money import Money
from ..store import past
from ..store.columns import microseconds, moment
from ..store.contacts import Contact
from ..store.facts import Fact
from ..store.past import Came
from .totals import alike_awards, facts_of

BOOKINGS: Final = tuple(f"booking.{state}" for state in BOOKING_STATES)
SALES: Final = ("invoice.paid", "payment.succeeded", "order.paid", "payment.refunded", "order.refunded")
TAGS: Final = ("contact.tag_added", "contact.tag_removed")
TELLERS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("visits", "no_shows", "last_visit_at", "last_booking_at"), BOOKINGS),
    "spent": SALES,
    "points": ("points.earned",),
    "tags": TAGS,
}
"""By which events each name below `contact.` is told."""

KEPT: Final = 20_000  # events at once: some tens of megabytes
NO_HISTORY: Final = (
    *("attributes", "referred_by", "first_seen_at", "email", "phone", "first_name", "last_name"),
)
"""Of what only the present is kept."""

_RANK: Final = {f"booking.{state}": rank for rank, state in enumerate(BOOKING_STATES)}
_Order = tuple[int, int]


@dataclass(slots=True)
class Person:
    """One contact as far as the events so far tell; `row` is how it is kept now.

    `bookings`: source and id → (when and rank of its newest telling, type, when it takes place, when
    first told); `sales` likewise the fact. `coming`: what no event tells, newest first.
    """

    row: Contact
    bookings: dict[tuple[int, str], tuple[_Order, str, int | str, int]] = field(default_factory=dict)
    sales: dict[tuple[int, str, str], Fact] = field(default_factory=dict)
    visits: int = 0
    no_shows: int = 0
    points: int = 0
    awards: Counter[tuple[int, str]] = field(default_factory=Counter)
    tags: dict[str, Any] = field(default_factory=dict)
    tags_at: datetime | None = None
    coming: list[tuple[int, str, Any]] = field(default_factory=list)
    shown: dict[str, Any] | None = None
    lasting: dict[str, Any] | None = None

    def is_on(self, tag: str) -> bool:
        return tag in self.tags and bool(self.tags[tag][1])

    def keeps(self, tag: str, at: int) -> bool:
        """Whether a tag that was put on at that moment is on still: nothing newer took it off."""
        if tag in self.tags:
            known_at, is_on = self.tags[tag]
            return bool(is_on) or at >= known_at
        return self.tags_at is None or at >= tag_logs.microseconds(self.tags_at)


@dataclass(slots=True)
class People:
    """The people of one account. `asked`: the names below `contact.` that matter.

    `again`: contact and moment of runs whose own work is done anew, so that it is not history;
    `recipe` is theirs. `telling`: by type the events that tell tags beside what they are of, in
    their order; None: not read yet, or too many to keep.
    """

    account: Account
    counts_spend: Mapping[int, bool]
    asked: frozenset[str]
    recipe: str
    again: set[tuple[int, datetime]] = field(default_factory=set)
    known: dict[int, Person] = field(default_factory=dict)
    rows: dict[int, Person] = field(default_factory=dict)
    unkeyed: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    lines: dict[int, list[tuple[int, str, Any]]] = field(default_factory=dict)
    by_hand: dict[int, list[tuple[int, str, Any]]] = field(default_factory=dict)
    telling: dict[str, list[Came]] | None = None

    def load(self, connection: Any, since: datetime, until: datetime, types: Collection[str]) -> None:
        """Read what came by no event: lines of points, and tags that were changed by hand."""
        self.again = past.moments_of_runs(connection, self.account.id, self.recipe, since)
        if "points" in self.asked:
            self.unkeyed = past.unkeyed_points(connection, self.account.id)
            for contact, at, points, detail in past.own_points(connection, self.account.id):
                if at < since or detail.get("origin", {}).get("recipe") != self.recipe:
                    self.lines.setdefault(contact, []).append((microseconds(at), "points", points))
        if "tags" in self.asked:
            self._load_tags(connection, until, types)

    def meet(self, connection: Any, rows: Collection[int]) -> None:
        """Read those who are met for the first time."""
        new = [row for row in rows if row not in self.rows]
        for row, contact in past.people(connection, new).items() if new else ():
            self.add(row, contact)

    def add(self, row: int, contact: Contact) -> Person:
        """Know somebody by the row that events name; one who was merged is who they went on as."""
        person = self.known.get(contact.id)
        if person is None:
            coming = self.lines.get(contact.id, []) + self.by_hand.get(contact.id, [])
            person = Person(contact, coming=sorted(coming, key=lambda one: one[0], reverse=True))
            self.known[contact.id] = person
        self.rows[row] = person
        return person

    def of(self, row: int | None) -> Person | None:
        """Whom an event concerns; None: nobody, or somebody who is there no more."""
        return None if row is None else self.rows.get(row)

    def fold(self, event: Came, person: Person, told: Mapping[str, Any]) -> None:
        """Count what the event tells of the contact. Only what a source told counts."""
        _, kind, _, source, occurred, came_at, _, _ = event
        if person.coming:
            self.catch_up(person, came_at)
        if source is None:
            return
        at = min(occurred, came_at)  # a wrong clock's future would make all that truly comes later look old
        tags = (told["contact"] or {}).get("tags")
        if tags and "tags" in self.asked:
            log, listed = tag_logs.tell_all(dict(person.tags), person.tags_at, tags, moment(at))
            person.tags, person.tags_at, person.shown = log, listed, None
        if kind in _RANK:
            _fold_booking(person, source, kind, told, at)
        elif kind in SALES:
            self._fold_sale(person, source, kind, told, at)
        elif kind == "points.earned" and "points" in told:
            alike = alike_awards(kind, moment(at), told["points"])
            known = self.unkeyed[person.row.id, source, alike]  # 0: they have keys, so each is another one
            if not known or person.awards[source, alike] < known:
                person.awards[source, alike] += 1
                person.points += told["points"]
                person.shown = None
        elif kind in TAGS and told.get("tag"):
            is_on = kind == "contact.tag_added"
            tag_logs.tell(person.tags, person.tags_at, told["tag"], is_on=is_on, at=moment(at))
            person.shown = None

    def catch_up(self, person: Person, now: int) -> None:
        """Add what came by no event up to now."""
        while person.coming and person.coming[-1][0] <= now:
            at, what, value = person.coming.pop()
            person.shown = None
            if what == "points":
                person.points += value
            else:
                person.tags[what] = [at, value]

    def shown(self, person: Person, now: datetime, told: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The contact as `flows/run.snapshot` would have shown it, but for what their cards hold."""
        if person.coming:
            self.catch_up(person, microseconds(now))
        if person.shown is None:
            person.shown = self._shown(person)
        found = person.shown
        if "external_id" not in self.asked:  # nobody looks: the same for every event, and no copy of it
            return found
        external = ((told or {}).get("contact") or {}).get("external_id")
        return found if external is None else {**found, "external_id": external}

    def _shown(self, person: Person) -> dict[str, Any]:
        row, asked = person.row, self.asked
        bookings = person.bookings.values()
        visited: list[int] = []
        if "last_visit_at" in asked:
            visited = [_read(at) for _, kind, at, _ in bookings if kind == "booking.completed"]
        if person.lasting is None:
            person.lasting = self._lasting(row)
        nothing = person.lasting["balance"]
        return {
            **person.lasting,
            "tags": sorted(tag for tag, (_, is_on) in person.tags.items() if is_on) if person.tags else [],
            "visits": person.visits,
            "last_visit_at": moment(max(visited)) if visited else None,
            "last_booking_at": moment(max(first for *_, first in bookings))
            if bookings and "last_booking_at" in asked
            else None,
            "spent": self._spent(person) if person.sales else nothing,
            "points": person.points,
            "no_shows": person.no_shows,
        }

    def _lasting(self, row: Contact) -> dict[str, Any]:
        """What of the contact no event tells here; their cards are looked at elsewhere."""
        return {
            "id": row.public_id,
            "external_id": None,
            "email": row.email,
            "phone": row.phone,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "attributes": dict(row.attributes),
            "referred_by": row.referred_by,
            "first_seen_at": row.first_seen_at,
            "balance": Money(0, self.account.currency),
            "next_expiry_at": None,
            "last_redeemed_at": None,
        }

    def _spent(self, person: Person) -> Money:
        """As the database adds up: of a sale told as a whole and in parts the larger, in its currency."""
        own, total = self.account.currency, 0
        parted: dict[tuple[int, str, str], list[int]] = {}
        for (source, kind, subject), fact in person.sales.items():
            if fact.part_of is None:
                total += _minor(fact, own) if kind == "sale" else -_minor(fact, own)
                continue
            whole = person.sales.get((source, kind, fact.part_of))
            if whole is None or whole.currency == fact.currency:
                sums = parted.setdefault((source, fact.part_of, fact.currency or ""), [0, 0])
                sums[subject != fact.part_of] += fact.amount or 0
        total += sum(max(sums) for (_, _, currency), sums in parted.items() if currency == own)
        return Money.total(total, own)

    def _fold_sale(self, person: Person, source: int, kind: str, told: Mapping[str, Any], at: int) -> None:
        event = _sale(kind, told, moment(at))
        for fact in facts_of(event, counts_spend=self.counts_spend.get(source, True)):
            key = (source, fact.kind, fact.subject)
            known = person.sales.get(key)
            if known is None or _order(fact) > _order(known):
                person.sales[key] = fact
                person.shown = None

    def _load_tags(self, connection: Any, until: datetime, types: Collection[str]) -> None:
        """What stands in people's tags and no event explains was changed by hand, when it stands there."""
        wanted = {one: one in TAGS for one in types}
        told = People(self.account, {}, frozenset({"tags"}), self.recipe)
        telling: list[Came] = []
        for events in chunks(past.came(connection, self.account.id, wanted, until)):
            told.meet(connection, {event[2] for event in events if event[2] is not None})
            for event in events:
                person = told.of(event[2])
                if person is not None:
                    told.fold(event, person, read_own(event[6]))
            if len(telling) <= KEPT:
                telling += [event for event in events if event[1] not in TAGS]
        if len(telling) <= KEPT:
            self.telling = {one: [event for event in telling if event[1] == one] for one in types}
        for person in told.known.values():
            self.by_hand[person.row.id] = list(_by_hand(person, self.again))
        for contact in past.everybody(connection, self.account.id, is_tagged=True):
            if contact.tag_log and contact.id not in told.known:
                self.by_hand[contact.id] = list(_by_hand(Person(contact), self.again))


def chunks(events: Iterator[Came]) -> Iterator[list[Came]]:
    """The same events, some thousands at once."""
    found: list[Came] = []
    for event in events:
        found.append(event)
        if len(found) == past.PAGE:
            yield found
            found = []
    yield found


def _by_hand(person: Person, again: set[tuple[int, datetime]]) -> Iterator[tuple[int, str, Any]]:
    row = person.row
    for tag, (at, is_on) in row.tag_log.items():
        if person.tags.get(tag) != [at, is_on] and (row.id, moment(at)) not in again:
            yield at, tag, is_on
    listed = None if row.tags_at is None else microseconds(row.tags_at)
    for tag in person.tags:  # a full list that left it out, an empty one too, took it off
        if person.is_on(tag) and tag not in row.tag_log and listed is not None:
            yield listed, tag, False


def _fold_booking(person: Person, source: int, kind: str, told: Mapping[str, Any], at: int) -> None:
    booking = told.get("booking")
    if not isinstance(booking, dict):
        return
    key = (source, str(booking["id"]))
    known = person.bookings.get(key)
    person.shown = None
    if known is not None and told.get("derived") and at == _read(known[2]):
        at = known[0][0]  # what we completed ourselves is no newer than what was told (flows/completing.py)
    order = (at, _RANK[kind])
    if known is not None and order <= known[0]:
        if at < known[3]:
            person.bookings[key] = (*known[:3], at)
        return
    if known is not None:
        _count(person, known[1], -1)
    _count(person, kind, 1)
    written = booking.get("ends_at") or booking.get("starts_at")
    first = at if known is None else min(at, known[3])
    person.bookings[key] = (order, kind, at if written is None else written, first)


def _read(at: int | str) -> int:
    """A moment, which may stand there as it was written: few are ever asked for."""
    return at if isinstance(at, int) else microseconds(datetime.fromisoformat(at))


def _count(person: Person, kind: str, by: int) -> None:
    person.visits += by * (kind == "booking.completed")
    person.no_shows += by * (kind == "booking.no_show")


def _sale(kind: str, told: Mapping[str, Any], at: datetime) -> Event:
    """The event as far as it tells of money."""

    found: dict[str, Any] = {}
    for name, read in _PARTS.items():
        part = told.get(name)
        if isinstance(part, Mapping):
            found[name] = read(part)
    return Event(kind, at, {}, **found)


def _money(written: Any) -> Money | None:
    try:
        return None if not written else Money.parse(written["amount"], written["currency"])
    except ConnectorError:
        return None


_PARTS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "invoice": lambda part: Invoice(part["id"], _money(part["total"]), part.get("order_id")),
    "payment": lambda part: Payment(
        part["id"], _money(part["amount"]), part["invoice_id"], part.get("order_id")
    ),
    "order": lambda part: Order(part["id"], _money(part["total"])),
    "refund": lambda part: Refund(part["id"], _money(part["amount"]), part["of"]),
}


def _order(fact: Fact) -> tuple[Any, ...]:
    """As the rows are told apart: the newest telling wins, and of two at one moment always the same."""
    amount = -1 if fact.amount is None else fact.amount
    return (fact.occurred_at, fact.rank, amount, fact.currency or "", fact.part_of or "")


def _minor(fact: Fact, currency: str) -> int:
    return (fact.amount or 0) if fact.currency == currency else 0
