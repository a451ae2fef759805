"""A ledger of any size to measure on: straight rows with sound chains, so that `ledger verify` passes.

    python -m bench.made_ledger URL --cards 1000000

Some five transfers a card, in the order of time. The same size gives the same cards
and sums; nothing but what is sealed is random.
"""

import argparse
import hashlib
import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import Table, insert

from connector.domain.clock import SystemClock
from connector.domain.sealing import KeyRing
from connector.domain.transfers import NO_HASH, Transfer
from connector.store import accounts, migrate, words
from connector.store.engine import Engines, open_engines
from connector.store.tables import audit, cards, contacts, identities, search_words, transfers
from connector.store.writer import Writing, open_writer

KEY: Final = bytes(range(32))
ACCOUNT: Final = "glow-spa"
BATCH: Final = 5_000
SPAN: Final = timedelta(days=1_095)
MOVES_WITHIN_S: Final = 90 * 86_400  # so that few lines wait in memory for their turn
LINES_AHEAD: Final = 8
YEAR: Final = timedelta(days=365)

CURRENCIES: Final = (*["USD"] * 900, *["EUR"] * 80, *["GBP"] * 19, "JPY")
PROGRAMS: Final = ("spa-day", "massage", "nails", "couples", "winter")
RECIPES: Final = ("welcome", "fifth-visit", "birthday", "referral", "win-back", "goodwill")
SOURCES: Final = ("api", "api", "api", "action", "manual", "purchase", "purchase", "purchase")
FIRST: Final = ("Mia", "Noah", "Émile", "Zoë", "Olivia", "Liam", "Ava", "Jürgen", "Sofia", "Mateo", "Kai")
LAST: Final = ("Smith", "Garcia", "Nguyen", "Dubois", "Rossi", "Kowalski", "Haddad", "Jensen", "Tanaka")
MESSAGES: Final = ("Happy birthday", "Thank you", "Enjoy your day", "Sorry for the wait", "With love")
AMOUNTS: Final = (1_000, 2_000, 2_500, 2_500, 5_000, 7_500, 10_000, 20_000)
SYMBOLS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Dice:
    """Numbers that look thrown, and are the same for the same name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = 0
        self._left: list[int] = []

    def below(self, most: int) -> int:
        if not self._left:
            self._turn += 1
            raw = hashlib.blake2b(f"{self._name}/{self._turn}".encode()).digest()
            self._left = [int.from_bytes(raw[at : at + 4]) for at in range(0, 64, 4)]
        return self._left.pop() % most

    def one_of(self, values: Sequence[Any]) -> Any:
        return values[self.below(len(values))]

    def is_one_in(self, most: int) -> bool:
        return self.below(most) == 0


def build(url: str, count: int, *, until: datetime, account: str = ACCOUNT) -> None:
    """Fill the database at `url` with `count` cards made before `until`; its tables are made if missing."""
    engines = _prepared(url)
    writer = open_writer(engines, SystemClock())
    values = {"name": "Glow Spa", "currency": "USD", "timezone": "America/New_York", "country": "US"}
    own = writer.run(
        lambda tx: accounts.put(tx, slug=account, values={**values, "sandbox": False}, managed_by="config")
    )
    people = max(1, count // 4)

    def put(table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        def work(tx: Writing) -> None:
            for start in range(0, len(rows), BATCH):
                tx.execute(insert(table), list(rows[start : start + BATCH]))

        if rows:
            writer.run(work)

    numbers = iter(range(1, people + 1))
    while batch := list(islice(numbers, BATCH)):
        rows = [_contact(number, own.id, until) for number in batch]
        put(contacts, rows)
        put(identities, [_identity(row) for row in rows])
        put(search_words, [one for row in rows for one in _words(words.CONTACT, row, _words_of_contact(row))])
    ring = KeyRing([KEY])
    for made, lines in _in_time(count, people, own.id, until, ring):
        put(cards, made)
        put(search_words, [one for row in made for one in _words(words.CARD, row, _words_of_card(row))])
        put(transfers, lines)
        put(audit, [_note(line) for line in lines])
    writer.close()
    if not engines.is_sqlite:
        _settle(engines)
    engines.dispose()


def _settle(engines: Engines) -> None:
    """What PostgreSQL does by itself after a while, and its counters behind the numbers given here."""
    with engines.write.connect() as opened:
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        for table in (cards, contacts):
            last = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
            connection.exec_driver_sql(last)
        connection.exec_driver_sql("VACUUM ANALYZE")


def _prepared(url: str) -> Engines:
    engines = open_engines(url)
    migrate.upgrade(engines)
    return engines


def _in_time(
    count: int, people: int, account_id: int, until: datetime, ring: KeyRing
) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Batches of cards, each with the lines that were written by then."""
    waiting: list[tuple[datetime, int, dict[str, Any]]] = []
    made: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    begin, step = until - SPAN, SPAN / count
    for number in range(1, count + 1):
        row, own = _card(number, people, account_id, begin + step * number - step / 2, until, ring)
        while waiting and waiting[0][0] <= row["created_at"]:
            lines.append(heapq.heappop(waiting)[2])
        made.append(row)
        for place, line in enumerate(own):
            heapq.heappush(waiting, (line["created_at"], number * 32 + place, line))
        if len(made) == BATCH:
            yield made, lines
            made, lines = [], []
    lines.extend(heapq.heappop(waiting)[2] for _ in range(len(waiting)))
    yield made, lines


def _card(
    number: int, people: int, account_id: int, at: datetime, until: datetime, ring: KeyRing
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A card as it stands at the end, and the lines that brought it there."""
    dice = Dice(f"card {number}")
    code = "".join(dice.one_of(SYMBOLS) for _ in range(17))
    is_paid = not dice.is_one_in(3)
    recipe = None if is_paid else dice.one_of(RECIPES[:-1]) if dice.below(500) else RECIPES[-1]
    source = "recipe" if recipe else "import" if number % 1_000 < 3 else dice.one_of(SOURCES)
    expires_at = at + dice.one_of((YEAR, YEAR, 2 * YEAR, 5 * YEAR)) if dice.below(10) < 6 else None
    contact_id = 1 + (dice.below(people) if dice.below(4) else dice.below(max(1, people // 50)))
    row: dict[str, Any] = {
        "id": number,
        "public_id": f"gc_{number:026d}",
        "account_id": account_id,
        "currency": dice.one_of(CURRENCIES),
        "code_hash": ring.lookup_hash(code.lower()),
        "code_sealed": ring.seal(code.encode(), f"card code gc_{number:026d}"),
        "last4": code[-4:],
        "held": 0,
        "initial_amount": dice.one_of(AMOUNTS),
        "kind": "paid" if is_paid else "promotional",
        "contact_id": contact_id if dice.below(5) else None,
        "program": dice.one_of(PROGRAMS) if is_paid and dice.below(3) else None,
        "sender": None,
        "recipient": {"name": f"{dice.one_of(FIRST)} {dice.one_of(LAST)}"} if dice.is_one_in(5) else None,
        "message": f"{dice.one_of(MESSAGES)} order{number}" if dice.is_one_in(10) else None,
        "note": "told by phone" if dice.is_one_in(200) else None,
        "usable_at": until + timedelta(days=1 + dice.below(30)) if dice.is_one_in(300) else None,
        "expires_at": expires_at,
        "expired_at": expires_at if expires_at is not None and expires_at <= until else None,
        "disabled_at": until if dice.is_one_in(200) else None,
        "removed_at": until if dice.is_one_in(400) else None,
        "source": source,
        "recipe": recipe,
        "origin": {"recipe": recipe, "run_id": f"run_{number:026d}"} if recipe else {"key_id": "key_bench"},
        "metadata": {},
        "message_count": 0,
        "created_at": at,
    }
    lines = _lines(row, dice, until)
    row |= {
        "balance": lines[-1]["balance_after"],
        "transfer_count": len(lines),
        "head_hash": lines[-1]["hash"],
        "updated_at": lines[-1]["created_at"],
    }
    return row, lines


def _lines(row: Mapping[str, Any], dice: Dice, until: datetime) -> list[dict[str, Any]]:
    """The card's chain: its issue, then what was spent, given back and loaded."""
    own = f"card:{row['public_id']}"
    giver = f"funding:{row['program'] or '-'}" if row["kind"] == "paid" else f"promo:{row['recipe']}"
    balance, at, previous = row["initial_amount"], row["created_at"], NO_HASH
    found: list[dict[str, Any]] = []
    spent: tuple[str, int] | None = None
    kind, delta, other, related = "issue", balance, giver, None
    count = 1 + dice.below(LINES_AHEAD + 1)
    for number in range(1, count + 1):
        if number > 1:
            at = min(until, at + timedelta(seconds=1 + dice.below(MOVES_WITHIN_S // LINES_AHEAD)))
            kind, delta, other, related = _next(dice, row, balance, spent, giver, is_last=number == count)
            balance += delta
        transfer = Transfer(
            public_id=f"tr_{row['id'] * 32 + number:026d}",
            account_id=row["account_id"],
            type=kind,
            debit=other if delta > 0 else own,
            credit=own if delta > 0 else other,
            amount=abs(delta),
            currency=row["currency"],
            created_at=at,
            previous_hash=previous,
            number=number,
            balance_after=balance,
            related=related,
            reference=f"order-{row['id']}-{number}" if kind == "redeem" and dice.is_one_in(4) else None,
            reason="goodwill" if kind == "adjust" else None,
            origin=row["origin"] if kind == "issue" else {"key_id": "key_bench"},
        )
        previous = transfer.hash
        spent = (transfer.public_id, transfer.amount) if kind == "redeem" else None
        found.append(_line(row, transfer))
    return found


def _next(
    dice: Dice,
    row: Mapping[str, Any],
    balance: int,
    spent: tuple[str, int] | None,
    giver: str,
    *,
    is_last: bool,
) -> tuple[str, int, str, str | None]:
    """Type, signed amount, the other side, and what it belongs to."""
    if spent is not None and dice.is_one_in(12):
        return "refund", spent[1], "redeemed", spent[0]
    if balance == 0 or dice.is_one_in(20):
        return (
            ("adjust", 500, "adjust:goodwill", None) if dice.is_one_in(30) else ("load", 1_000, giver, None)
        )
    if is_last and row["expires_at"] is not None and dice.is_one_in(20):
        return "expire", -balance, "expired", None
    return "redeem", -(balance if dice.is_one_in(2) else 1 + dice.below(balance)), "redeemed", None


def _line(row: Mapping[str, Any], transfer: Transfer) -> dict[str, Any]:
    kept = {name: getattr(transfer, name) for name in Transfer.__slots__}
    return {**kept, "card_id": row["id"], "hash": transfer.hash}


def _note(line: Mapping[str, Any]) -> dict[str, Any]:
    """The audit row of a line."""
    same = ("account_id", "card_id", "origin", "reason", "note", "created_at")
    return {
        **{name: line[name] for name in same},
        "subject": f"gc_{line['card_id']:026d}",
        "act": line["type"],
        "transfer": line["public_id"],
        "source": "recipe" if "recipe" in line["origin"] else "api",
    }


def _contact(number: int, account_id: int, until: datetime) -> dict[str, Any]:
    dice = Dice(f"contact {number}")
    first, last = dice.one_of(FIRST), dice.one_of(LAST)
    return {
        "id": number,
        "public_id": f"ct_{number:026d}",
        "account_id": account_id,
        "email": f"person{number}@example.com",
        "phone": None if dice.below(3) else f"+1212{number:07d}",
        "first_name": first,
        "last_name": last,
        "tags": {},
        "attributes": {},
        "first_seen_at": until - SPAN,
        "created_at": until - SPAN,
        "updated_at": until - SPAN,
    }


def _identity(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "account_id": row["account_id"],
        "kind": "email",
        "namespace": "",
        "value": row["email"],
        "contact_id": row["id"],
        "created_at": row["created_at"],
    }


def _words_of_card(row: Mapping[str, Any]) -> set[bytes]:
    return words.of_card(row["message"], row["note"], row["recipient"])


def _words_of_contact(row: Mapping[str, Any]) -> set[bytes]:
    return words.of_contact(row["first_name"], row["last_name"], row["email"])


def _words(kind: str, row: Mapping[str, Any], found: set[bytes]) -> list[dict[str, Any]]:
    return [
        {"account_id": row["account_id"], "word": word, "kind": kind, "row_id": row["id"]} for word in found
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.made_ledger", description=__doc__)
    parser.add_argument("url", help="sqlite:///path or postgresql://…")
    parser.add_argument("--cards", type=int, default=1_000_000)
    asked = parser.parse_args()
    build(asked.url, asked.cards, until=datetime.now(UTC))
    print(json.dumps({"url": asked.url, "cards": asked.cards}))


if __name__ == "__main__":
    main()
