"""Which runs an event takes back in a rehearsal: those of its source and person, where both are known."""

from datetime import timedelta

import pytest

from connector.flows.rehearsed_undo import CameFirst, Open, Undos, is_unclear, matching, source_of
from connector.recipes.library import OWN
from connector.recipes.schema import SCHEDULED
from tests.kit.clock import THE_MOMENT

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("source", "who", "taken"),
    [
        ("shop", 1, True),
        ("till", 1, False),
        ("shop", 2, False),
        (None, 1, True),
        ("shop", None, True),
        (None, None, True),
    ],
)
def test_of_another_source_or_person_the_same_key_means_something_else(
    source: str | None, who: int | None, taken: bool
) -> None:
    known, unknown = Open(1, THE_MOMENT, "shop", 1), Open(2, THE_MOMENT, None, None)
    late = Open(3, THE_MOMENT - DAY, "shop", 1)

    found = matching([known, unknown, late], source, who, THE_MOMENT)

    assert found == ([known, unknown] if taken else [unknown])


def test_who_is_not_named_may_be_any_of_several_people() -> None:
    both = [Open(1, THE_MOMENT, None, 1), Open(2, THE_MOMENT, None, 2)]

    assert is_unclear(both, None)
    assert not is_unclear(both, 1) and not is_unclear(both[:1], None)


def test_ids_of_our_own_mean_the_same_whoever_tells_them() -> None:
    assert source_of("shop", "order.paid") == "shop"
    assert source_of(OWN, "gift_card.issued") is source_of("schedule", SCHEDULED) is None


def test_runs_and_undos_are_kept_by_what_they_are_about() -> None:
    undos, mine, other = Undos(), Open(1, THE_MOMENT, None, None), Open(2, THE_MOMENT, None, None)
    undos.note("o-1", mine)
    forget = undos.note("o-1", other)
    undos.remember("o-1", CameFirst("evt_1", THE_MOMENT, THE_MOMENT, THE_MOMENT, None, None))

    forget()
    undos.drop("o-2", [mine])
    assert undos.opened["o-1"] == [mine]
    undos.drop("o-1", [mine])

    assert (undos.opened["o-1"], [one.event for one in undos.came["o-1"]]) == ([], ["evt_1"])
