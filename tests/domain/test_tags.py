"""A tag is another one after every change, and fits only what it was made of."""

import re
from decimal import Decimal

import pytest

from connector.domain.errors import PreconditionFailed
from connector.domain.tags import Match, tag_of

CARD = {"id": "gc_1", "balance": 2500, "metadata": {"rate": Decimal("1.5"), "when": None}}


def test_a_tag_is_strong_short_and_the_same_for_the_same() -> None:
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag_of(CARD, 1, 2))
    assert tag_of(CARD, 1, 2) == tag_of(dict(reversed(CARD.items())), 1, 2)


def test_what_is_shown_and_what_is_counted_make_another_tag() -> None:
    others = [
        tag_of({**CARD, "balance": 2501}, 1, 2),
        tag_of({}, 1, 2),
        *(tag_of(CARD, *counted) for counted in ((2, 2), (1, 3), (12,), ())),
    ]

    assert len({tag_of(CARD, 1, 2), *others}) == 1 + len(others)


def test_one_fitting_tag_of_many_is_enough_and_any_fits_a_star() -> None:
    tag = tag_of(CARD)

    Match("gc_1", frozenset({'"other"', tag})).require(tag)
    Match("gc_1", None).require(tag)


@pytest.mark.parametrize(
    "tags", [set(), {'"other"'}, {"W/" + tag_of(CARD)}, {tag_of(CARD).strip('"')}, {"*"}]
)
def test_what_is_not_the_tag_itself_is_refused_by_the_name_of_the_thing(tags: set[str]) -> None:
    with pytest.raises(PreconditionFailed, match="gc_1 is not as If-Match says"):
        Match("gc_1", frozenset(tags)).require(tag_of(CARD))
