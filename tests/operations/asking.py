"""For tests of deeds that move money: rates, cards that cannot be spent, and what the ledger says."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from connector.domain.rates import Rates
from tests.kit.catalogue import a_program
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, put
from tests.kit.house import House

RATES: Final = Rates("USD", {"EUR": Decimal("0.92"), "JPY": Decimal("155.5"), "KWD": Decimal("0.307")})


def acts(shop: House, card: str) -> list[dict[str, Any]]:
    """A card's audit rows, oldest first, without the first: it was issued."""
    return shop.rows("audit", subject=card)[1:]


def lines(shop: House, card: str) -> list[dict[str, Any]]:
    """A card's transfers as rows, oldest first."""
    [row] = shop.rows("cards", public_id=card)
    return shop.rows("transfers", card_id=row["id"])


def sums(shop: House) -> dict[tuple[str, str], int]:
    """What each ledger account came to, per currency; cards together, and nothing that is 0."""
    found: dict[tuple[str, str], int] = {}
    for line in shop.rows("transfers"):
        for account, sign in ((line["debit"], -1), (line["credit"], 1)):
            place = "cards" if account.startswith("card:") else account
            key = (place, line["currency"])
            found[key] = found.get(key, 0) + sign * line["amount"]
    return {key: value for key, value in found.items() if value}


def stop(shop: House, card: str, state: str) -> None:
    """Bring a card into one of the states in which it cannot be spent."""
    later, before = THE_MOMENT + timedelta(days=9999), THE_MOMENT - timedelta(days=1)
    columns = {
        "pending": {"usable_at": later},
        "expired": {"expires_at": before},
        "disabled": {"disabled_at": before},
        "removed": {"removed_at": before},
    }
    put(shop, card, **columns[state])


def hold(shop: House, card: str, amount: int) -> None:
    """Reserve an amount of a card."""
    do(shop, "hold", card=card, amount=amount)


def put_in_program(shop: House, card: str, **rules: Any) -> None:
    """A program `small` in US dollars with these rules, and the card in it."""
    a_program(shop, "small", kind="promotional", **rules)
    put(shop, card, program="small")
