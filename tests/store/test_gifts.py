"""What recipes gave is counted by recipe, by contact and by currency, from a moment on."""

from datetime import timedelta

from connector.store import gifts
from connector.store.writer import Writing
from tests.kit.house import House


def give(house: House, recipe: str, amount: int, currency: str = "USD") -> None:
    card = house.issue(amount, currency=currency, contact={"email": "mia@example.com"})
    [row] = house.rows("cards", public_id=card["id"])

    def work(tx: Writing) -> None:
        gifts.lock(tx, house.account.id, recipe)
        gifts.add(
            tx,
            house.account.id,
            recipe=recipe,
            run="run_1",
            contact_id=row["contact_id"],
            card_id=row["id"],
            amount=amount,
            currency=currency,
        )

    house.gateway.parts.writer.run(work)


def test_gifts_are_counted_from_a_moment_on(house: House) -> None:
    give(house, "thanks", 500)
    house.clock.forward(timedelta(days=2))
    since = house.clock.now()
    give(house, "thanks", 700)
    give(house, "thanks", 300, "EUR")
    give(house, "other", 900)
    [contact] = house.rows("contacts")

    def work(tx: Writing) -> tuple[object, ...]:
        early = since - timedelta(days=3)
        return (
            gifts.count(tx, house.account.id, "thanks", since),
            gifts.count(tx, house.account.id, "thanks", early),
            gifts.count_for(tx, contact["id"], "thanks", since),
            gifts.sums(tx, house.account.id, "thanks", since),
            gifts.sums(tx, house.other.id, "thanks", early),
        )

    counted = house.gateway.parts.writer.run(work)
    assert counted == (2, 3, 2, {"USD": 700, "EUR": 300}, {})
