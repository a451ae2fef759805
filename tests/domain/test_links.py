"""Signed links: only ours, by any key of the ring, and not for ever."""

from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer

from connector.domain.links import LIFE, Links
from connector.domain.sealing import KeyRing
from tests.kit.clock import THE_MOMENT

OLD, NEW = bytes(32), bytes(range(32))
CARD = "gc_01M7WQHDC067NRG30ZV2AV53FJ"


def links(*keys: bytes) -> Links:
    return Links("https://gifts.example.com/shop/", KeyRing(keys).link_keys())


def token(made: Links) -> str:
    url = made.url(CARD, THE_MOMENT, 0)
    assert url.startswith("https://gifts.example.com/shop/c/") and len(url) < 160
    return url.rpartition("/")[2]


def test_a_link_names_its_card_and_is_the_same_all_day() -> None:
    made = links(NEW)
    found = made.read(token(made), THE_MOMENT)

    assert found is not None and (found.card, found.number) == (CARD, 0)
    assert found.made_at == THE_MOMENT.replace(hour=0)
    assert made.url(CARD, THE_MOMENT, 0) == made.url(CARD, THE_MOMENT + timedelta(hours=8), 0)


def test_a_key_that_was_rotated_still_opens_and_one_that_left_does_not() -> None:
    before, rotated, after = links(OLD), links(NEW, OLD), links(NEW)

    assert rotated.read(token(before), THE_MOMENT) is not None
    assert after.read(token(rotated), THE_MOMENT) is not None  # the newest key signs
    assert after.read(token(before), THE_MOMENT) is None


def test_a_link_ends() -> None:
    made = links(NEW)
    written, day = token(made), THE_MOMENT.replace(hour=0)

    assert made.read(written, day + LIFE - timedelta(seconds=1)) is not None
    assert made.read(written, day + LIFE) is None


def test_a_forged_link_is_none() -> None:
    made = links(NEW)
    written = token(made)
    tokens = [
        "",
        ".",
        "a.b",
        written[:-1],
        written + "A",
        written * 9,
        "ä" + written,
        "\x00",
        written.swapcase(),
    ]
    tokens += [written[:place] + "A" + written[place + 1 :] for place in range(0, len(written) - 1, 7)]

    assert [one for one in tokens if one != written and made.read(one, THE_MOMENT) is not None] == []


@pytest.mark.parametrize("purpose", ["cursor", "gct_"])
def test_what_the_ring_signs_for_other_purposes_is_no_link(purpose: str) -> None:
    keys = KeyRing([NEW]).link_keys()
    said = CARD.removeprefix("gc_") + "20777"
    assert links(NEW).read(str(URLSafeSerializer(keys, salt=purpose).dumps(said)), THE_MOMENT) is None


def test_a_link_says_under_which_number_it_was_made() -> None:
    made = links(NEW)
    found = made.read(made.token(CARD, THE_MOMENT, 12), THE_MOMENT)
    assert found is not None and found.number == 12
    assert made.token(CARD, THE_MOMENT, 12) != made.token(CARD, THE_MOMENT, 1)
