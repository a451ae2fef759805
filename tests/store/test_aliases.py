"""Other names: allotted once, counting up, never a number that somebody gave from outside."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from connector.domain.accounts import Account
from connector.store import aliases
from connector.store.aliases import MAX_NUMBER, Alias
from connector.store.tables import alias_counters
from connector.store.writer import Writing
from tests.kit.crowd import at_once
from tests.kit.house import House
from tests.store.making import AnyWriter

Numbers = dict[str, int]


def allotted(writer: AnyWriter, account: Account, *subjects: str, kind: Any = "card") -> dict[str, Alias]:
    return writer.run(lambda tx: aliases.allot(tx, account.id, kind, subjects))


def work(house: House, deed: Callable[[Writing], Any]) -> Any:
    return house.gateway.parts.writer.run(deed)


def test_names_are_allotted_once_in_the_order_asked(writer: AnyWriter, account: Account) -> None:
    first = allotted(writer, account, "gc_b", "gc_a", "gc_b")
    again = allotted(writer, account, "gc_c", "gc_a")

    assert [(name, one.number) for name, one in first.items()] == [("gc_b", 1), ("gc_a", 2)]
    assert (again["gc_a"], again["gc_c"].number) == (first["gc_a"], 3)
    everyone = [*first.values(), again["gc_c"]]
    assert len({one.uuid for one in everyone}) == len({one.flake for one in everyone}) == 3
    assert all(len(one.uuid) == 22 and 0 < one.flake < 2**63 for one in everyone)


def test_each_account_and_each_kind_counts_for_itself(
    writer: AnyWriter, account: Account, other: Account
) -> None:
    allotted(writer, account, "gc_a", "gc_b")

    assert allotted(writer, account, "ct_a", kind="contact")["ct_a"].number == 1
    assert allotted(writer, other, "gc_c")["gc_c"].number == 1


def test_a_thing_is_found_by_each_of_its_names_and_by_nobody_else_s(
    writer: AnyWriter, account: Account, other: Account
) -> None:
    one = allotted(writer, account, "gc_a")["gc_a"]

    def asked(tx: Writing, whose: Account, kind: Any) -> list[str | None]:
        return [
            aliases.by_number(tx, whose.id, kind, one.number),
            aliases.by_uuid(tx, whose.id, kind, one.uuid),
            aliases.by_flake(tx, whose.id, kind, one.flake),
        ]

    assert writer.run(lambda tx: asked(tx, account, "card")) == ["gc_a"] * 3
    assert writer.run(lambda tx: asked(tx, other, "card")) == [None] * 3
    assert writer.run(lambda tx: asked(tx, account, "transfer")) == [None] * 3


@pytest.mark.parametrize("number", [0, -1, 2**53, 2**63, 2**64])
def test_what_can_be_no_number_is_nobody_s(writer: AnyWriter, account: Account, number: int) -> None:
    assert writer.run(lambda tx: aliases.by_number(tx, account.id, "card", number)) is None
    assert writer.run(lambda tx: aliases.by_flake(tx, account.id, "card", -number)) is None
    assert not writer.run(lambda tx: aliases.claim(tx, account.id, "contact", "ct_a", number))


@pytest.mark.parametrize("uuid", ["", "x" * 21, "x" * 23, "\x00" * 22, "ü" * 22, "\ud83d" * 22])
def test_what_can_be_no_uuid_is_nobody_s(writer: AnyWriter, account: Account, uuid: str) -> None:
    assert writer.run(lambda tx: aliases.by_uuid(tx, account.id, "card", uuid)) is None


def test_a_number_from_outside_is_kept_and_never_allotted(writer: AnyWriter, account: Account) -> None:
    def claim(subject: str, number: int) -> bool:
        return writer.run(lambda tx: aliases.claim(tx, account.id, "contact", subject, number))

    assert [claim("ct_a", 2), claim("ct_b", MAX_NUMBER), claim("ct_c", 3)] == [True, True, True]
    assert not claim("ct_d", 2), "somebody has it"
    assert not claim("ct_a", 9), "one number each"
    found = allotted(writer, account, "ct_x", "ct_y", "ct_a", kind="contact")
    assert {name: one.number for name, one in found.items()} == {"ct_x": 1, "ct_y": 4, "ct_a": 2}


def test_many_numbers_from_outside_are_passed_over(writer: AnyWriter, account: Account) -> None:
    def claim_all(tx: Writing) -> None:
        for number in range(1, 1_205):
            assert aliases.claim(tx, account.id, "contact", f"ct_{number}", number)

    writer.run(claim_all)

    assert allotted(writer, account, "ct_new", kind="contact")["ct_new"].number == 1_205


def test_many_at_once_get_each_a_number_and_no_gap(house: House) -> None:
    names = [[f"gc_{row}_{place}" for place in range(5)] for row in range(8)]
    deeds = [partial(work, house, partial(_allot, house.account.id, row)) for row in (*names, *names)]

    ended = at_once(deeds)

    numbers: Numbers = {}
    for one in ended:
        for name, alias in one.value.items():
            assert numbers.setdefault(name, alias.number) == alias.number
    assert sorted(numbers.values()) == list(range(1, 41))


def _allot(account_id: int, subjects: list[str], tx: Writing) -> dict[str, Alias]:
    return aliases.allot(tx, account_id, "card", subjects)


def number_cards(house: House, limit: int = 100) -> int:
    return int(work(house, lambda tx: aliases.number_cards(tx, house.account.id, limit)))


def numbers_of(house: House, *subjects: str) -> list[int]:
    found = work(house, lambda tx: aliases.known(tx, house.account.id, "card", subjects))
    return [found[subject].number for subject in subjects]


def test_cards_are_numbered_oldest_first_in_pieces(house: House) -> None:
    made = [house.issue()["id"] for _ in range(5)]

    assert [number_cards(house, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert numbers_of(house, *made) == [1, 2, 3, 4, 5]
    made.append(house.issue()["id"])
    assert (number_cards(house), numbers_of(house, made[-1])) == (1, [6])


def test_a_card_that_is_committed_late_is_numbered_all_the_same(house: House) -> None:
    """The tail is looked at again until nothing of it can be open any more."""
    late, *rest = [house.issue()["id"] for _ in range(3)]
    work(house, lambda tx: aliases.allot(tx, house.account.id, "card", rest))

    assert number_cards(house) == 1
    assert numbers_of(house, late, *rest) == [3, 1, 2], "numbers never turn"


def test_what_is_old_is_not_looked_at_again(house: House) -> None:
    for _ in range(3):
        house.issue()
        number_cards(house)
        house.clock.forward(timedelta(minutes=11))

    [counter] = house.rows("alias_counters")
    newest = max(row["id"] for row in house.rows("cards"))
    assert (counter["upto"], counter["seen"]) == (newest - 1, newest)
    assert counter["next"] == 4
    work(house, lambda tx: tx.execute(update(alias_counters).values(upto=newest)))
    house.issue()
    assert number_cards(house) == 1


def test_flakes_rise_as_they_are_allotted_in_one_millisecond_too(writer: AnyWriter, account: Account) -> None:
    first = allotted(writer, account, *(f"gc_{number:03}" for number in range(50)))
    again = allotted(writer, account, *(f"gc_{number:03}" for number in range(100)))

    flakes = [one.flake for one in again.values()]
    in_order = sorted(again.values(), key=lambda one: one.number)
    assert [one.flake for one in in_order] == sorted(flakes)
    assert len(set(flakes)) == 100
    assert {name: again[name] for name in first} == first
