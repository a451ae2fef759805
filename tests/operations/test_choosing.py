"""Cards that are good for several programs: the first use, or the holder, chooses one, once."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import CapReached, Conflict, NotFound, ValidationFailed
from tests.kit.catalogue import a_fund, a_program
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do, told, trail
from tests.kit.house import BY_HAND, House


@pytest.fixture
def offered(shop: House) -> House:
    return with_programs(shop)


def with_programs(house: House) -> House:
    programs: list[tuple[str, dict[str, Any]]] = [
        ("spa", {"amounts": (2500, 5000), "valid_for": "6 months"}),
        ("sauna", {"min_amount": 1000, "valid_for": "12 months"}),
        ("euro", {"currency": "EUR"}),
        ("gift", {"kind": "promotional"}),
        ("small", {"max_balance": 2000}),
    ]
    for slug, more in programs:
        a_program(house, slug, **{"kind": "paid", **more})
    return house


def choosing(house: House, amount: int = 2500, **fields: Any) -> dict[str, Any]:
    return house.issue(amount, **{"programs": ["spa", "sauna"], **fields})


def test_a_card_is_of_no_program_until_its_first_use_binds_it(house: House) -> None:
    """S004-80: a redemption says where it is, and is the last that could."""
    made = choosing(with_programs(house))
    card = made["id"]
    assert (made["program"], made["programs"], made["kind"]) == (None, ["spa", "sauna"], "paid")
    assert made["expires_at"] == "2027-11-21T04:59:59Z", "the latest of their ends"

    taken = house.redeem(card, 700, program="sauna").body["gift_card"]
    house.redeem(card, 100)
    house.redeem(card, 100, program="sauna")

    assert (taken["program"], taken["balance"], "programs" in taken) == ("sauna", 1800, False)
    with pytest.raises(Conflict, match="of the program sauna, not of spa"):
        house.redeem(card, 100, program="spa")
    assert card_of(house, card)["balance"] == 1600
    assert told(house, card)[:2] == ["gift_card.updated", "gift_card.redeemed"]
    assert trail(house, card) == ["choose_program", *["redeem"] * 3]
    house.require_proof()


def test_where_it_is_used_must_be_told_and_be_one_of_its_own(offered: House) -> None:
    """S004-80: what is refused binds nothing, and neither does a trial."""
    card = choosing(offered)["id"]

    for where in ({}, {"program": "gift"}, {"program": "nowhere"}):
        for deed in ("redeem", "hold"):
            with pytest.raises(ValidationFailed, match="must be one of spa, sauna"):
                do(offered, deed, card=card, amount=100, **where)
    with pytest.raises(Conflict):
        offered.redeem(card, 9999, program="spa")
    offered.redeem(card, 100, program="spa", simulate=True)

    assert card_of(offered, card)["programs"] == ["spa", "sauna"]
    assert told(offered, card) == []


def test_a_hold_and_the_holders_word_bind_it_as_well(offered: House) -> None:
    """S004-80: by hold, or by PATCH where its holder claims it."""
    held, claimed = choosing(offered)["id"], choosing(offered)["id"]

    do(offered, "hold", card=held, amount=100, program="spa")
    shown = do(offered, "update", card=claimed, program="sauna")
    again = do(offered, "update", card=claimed, program="sauna")

    assert (card_of(offered, held)["program"], shown["program"]) == ("spa", "sauna")
    assert "programs" not in shown
    assert {**again, "updated_at": ""} == {**shown, "updated_at": ""}
    assert trail(offered, claimed) == ["choose_program"]
    for card in (held, claimed):
        with pytest.raises(Conflict):
            do(offered, "update", card=card, program="gift")
    with pytest.raises(Conflict, match="of no program"):
        do(offered, "update", card=offered.issue(100)["id"], program="spa")


@pytest.mark.parametrize(
    ("fields", "refusal", "field"),
    [
        ({"programs": []}, ValidationFailed, "programs"),
        ({"programs": ["spa"]}, ValidationFailed, "programs"),
        ({"programs": ["spa", "spa"]}, ValidationFailed, "programs"),
        ({"programs": [f"p{number}" for number in range(51)]}, ValidationFailed, "programs"),
        ({"programs": ["spa", "euro"]}, ValidationFailed, "programs"),
        ({"programs": ["spa", "gift"]}, ValidationFailed, "programs"),
        ({"program": "spa"}, ValidationFailed, "programs"),
        ({"amount": 2600}, ValidationFailed, "amount"),
        ({"kind": "promotional"}, ValidationFailed, "kind"),
        ({"programs": ["spa", "nowhere"]}, NotFound, None),
        ({"programs": ["spa", "small"]}, CapReached, None),
        ({"programs": ["spa", "closed"]}, Conflict, None),
    ],
)
def test_what_no_choice_can_be_made_of_is_refused(
    offered: House, fields: dict[str, Any], refusal: type[Exception], field: str | None
) -> None:
    a_program(offered, slug="closed", kind="paid")
    offered.gateway.catalogue.change(offered.account, BY_HAND, "closed", {"is_active": False})

    with pytest.raises(refusal) as raised:
        choosing(offered, **fields)

    errors = getattr(raised.value, "errors", ())
    assert field is None or [one.field for one in errors] == [field]
    assert offered.cards() == []


def test_an_end_of_its_own_holds_and_one_that_never_ends_goes_before_all(offered: House) -> None:
    own = THE_MOMENT + timedelta(days=3)
    a_program(offered, slug="ever", kind="paid")

    assert choosing(offered, expires_at=own)["expires_at"] == "2026-11-23T15:00:00Z"
    assert choosing(offered, programs=["spa", "ever"])["expires_at"] is None


def test_what_is_loaded_must_fit_whichever_program_it_will_be(shop: House) -> None:
    for slug in ("spa", "sauna"):
        a_program(shop, slug, kind="paid", max_balance=5000)
    card = choosing(shop, 4000)["id"]

    with pytest.raises(CapReached, match="that the program spa allows"):
        do(shop, "load", card=card, amount=1001)
    do(shop, "load", card=card, amount=1000)

    assert shop.redeem(card, 700, program="sauna").body["gift_card"]["balance"] == 4300


@pytest.mark.parametrize("rule", ["per_day", "funds"])
def test_a_program_that_counts_its_cards_or_is_prepaid_is_no_choice(shop: House, rule: str) -> None:
    """A card of none yet would be a way round both."""
    for slug in ("spa", "sauna"):
        a_program(shop, slug, kind="paid", per_day=1000 if rule == "per_day" else 0)
    if rule == "funds":
        a_fund(shop, 1000, program="sauna")

    with pytest.raises(ValidationFailed, match="per_day or prepaid funds"):
        choosing(shop, 4000)
    assert shop.cards() == []
