"""If-Match at every deed that REST does to the card in its path; the next one is held to it too."""

from typing import Any

import pytest

from connector.domain.errors import PreconditionFailed
from connector.domain.tags import Match
from connector.operations.registry import operations
from tests.kit.house import BY_HAND, House
from tests.operations.samples import DAY, SAMPLES, a_world

STALE = frozenset({'"stale"'})
AT_CARDS = sorted(
    name for name, one in operations().items() if (one.rest_path or "").startswith("/gift-cards/{card}")
)
KEEPS = {"reveal"}
"""Deeds that change nothing about the card."""


def ask(house: House, name: str, command: Any, card: str, tags: frozenset[str] | None) -> str | None:
    answered = house.gateway.perform(
        house.account, BY_HAND, operations()[name], command, match=Match(card, tags)
    )
    return answered.etag


def tag_of(house: House, card: str) -> str:
    tag = house.gateway.tagged_card(house.account, card).etag
    assert tag is not None
    return tag


@pytest.mark.parametrize("name", AT_CARDS)
def test_a_deed_is_done_only_while_the_card_is_as_it_was_seen(shop: House, name: str) -> None:
    """Threats, row 110."""
    world = a_world(shop, name)
    command = SAMPLES[name].lawful(world)
    before, seen = shop.everything(), tag_of(shop, world.card)

    for tags in (STALE, frozenset[str](), frozenset({f"W/{seen}"})):
        with pytest.raises(PreconditionFailed):
            ask(shop, name, command, world.card, tags)
    assert shop.everything() == before

    given = ask(shop, name, command, world.card, STALE | {seen})
    assert given == tag_of(shop, world.card)
    assert (given == seen) == (name in KEEPS)
    shop.require_proof()


def test_there_and_back_in_one_moment_is_not_as_before(house: House) -> None:
    """The clock stands still, and the card looks the same."""
    world = a_world(house)
    seen, shown = tag_of(house, world.card), house.gateway.card(house.account, world.card)
    for note in ("for the shelf", None):
        house.perform(operations()["update"], operations()["update"].command(card=world.card, note=note))

    assert house.gateway.card(house.account, world.card) == shown
    assert tag_of(house, world.card) != seen


def test_the_card_that_gets_is_not_the_one_that_was_meant(shop: House) -> None:
    world = a_world(shop, "transfer")
    other = shop.issue(100)["id"]
    with pytest.raises(PreconditionFailed):
        ask(shop, "transfer", SAMPLES["transfer"].lawful(world), world.card, STALE)

    assert ask(shop, "transfer", SAMPLES["transfer"].lawful(world), other, STALE) is not None


def test_a_hold_whose_time_is_over_is_no_change_that_anybody_could_have_seen(house: House) -> None:
    """Else nobody's tag would fit until the hold has lapsed by itself."""
    world = a_world(house)
    hold = operations()["hold"]
    house.perform(hold, hold.command(card=world.card, amount=600, expires_in=60))
    seen = tag_of(house, world.card)
    house.clock.forward(DAY)

    redeem = operations()["redeem"].command(card=world.card, amount=2500)
    assert ask(house, "redeem", redeem, world.card, frozenset({seen})) == tag_of(house, world.card)
    assert house.balance(world.card) == 0
    house.require_proof()
