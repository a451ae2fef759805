"""How far a telling is believed: every way of being found, by everybody who may tell."""

import pytest

from connector.domain.contacts import Person, Trust
from connector.store import identities
from connector.store.identities import Belief, Known

ID, EMAIL = ("external_id", "shop", "7"), ("email", "", "mia@example.com")
ALL, FILLS, NONE = Belief(True, True), Belief(True, False), Belief(False, False)


@pytest.mark.parametrize(
    ("known", "vouched", "by_id", "typed"),
    [
        ({ID: (1, True)}, ALL, ALL, NONE),
        ({ID: (1, True), EMAIL: (1, True)}, ALL, ALL, NONE),
        ({ID: (1, True), EMAIL: (2, True)}, ALL, ALL, NONE),
        ({EMAIL: (1, True)}, FILLS, NONE, NONE),
        ({ID: (1, False)}, NONE, NONE, NONE),
        ({ID: (1, False), EMAIL: (1, True)}, FILLS, NONE, NONE),
        ({ID: (1, False), EMAIL: (2, True)}, NONE, NONE, NONE),
    ],
)
def test_an_address_is_believed_by_how_somebody_is_known_and_who_tells_it(
    known: Known, vouched: Belief, by_id: Belief, typed: Belief
) -> None:
    told = [identities.belief(known, 1, one) for one in (Trust.VOUCHED, Trust.BY_ID, Trust.TYPED)]

    assert told == [vouched, by_id, typed]


def test_what_somebody_is_found_by_comes_best_first() -> None:
    mia = Person(phone="+14155550113", external_id="7", email="mia@example.com")

    assert identities.of_person(mia, "shop") == [ID, EMAIL, ("phone", "", "+14155550113")]
    assert identities.of_person(Person(first_name="Mia"), "shop") == []
