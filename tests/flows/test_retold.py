"""What a platform tells again under another name: no news, and yet the newest word on its booking."""

from tests.kit.house import House

from .by_square import HOUR, told, types


def test_a_booking_that_is_cancelled_taken_up_and_cancelled_again_is_cancelled(house: House) -> None:
    told(house, "booking.created", "ACCEPTED")
    first = told(house, "booking.updated", "CANCELLED_BY_CUSTOMER")
    taken_up = told(house, "booking.updated", "ACCEPTED", starts=30 * HOUR)
    assert len(house.rows("awaited_completions")) == 1

    again = told(house, "booking.updated", "CANCELLED_BY_SELLER", starts=30 * HOUR)

    assert (types(first), types(taken_up)) == (["booking.cancelled"], ["booking.rescheduled"])
    assert (again["status"], again["delivery_id"]) == ("duplicate", first["delivery_id"])
    [fact] = house.rows("facts")
    assert (fact["state"], house.rows("awaited_completions")) == ("cancelled", [])
    house.clock.forward(48 * HOUR)
    house.gateway.tick()
    assert [row["type"] for row in house.rows("events")].count("booking.completed") == 0


def test_an_end_told_again_that_names_nobody_ends_the_wait_all_the_same(shop: House) -> None:
    told(shop, "booking.created", "ACCEPTED")
    told(shop, "booking.updated", "CANCELLED_BY_CUSTOMER")
    told(shop, "booking.updated", "ACCEPTED", starts=30 * HOUR)
    again = told(shop, "booking.updated", "CANCELLED_BY_SELLER", starts=30 * HOUR, customer=None)
    assert (again["status"], shop.rows("awaited_completions")) == ("duplicate", [])


def test_an_end_that_was_told_before_and_comes_late_changes_nothing(shop: House) -> None:
    told(shop, "booking.created", "ACCEPTED")
    told(shop, "booking.updated", "NO_SHOW")
    told(shop, "booking.updated", "CANCELLED_BY_SELLER")
    assert told(shop, "booking.updated", "NO_SHOW", late=HOUR)["status"] == "duplicate"
    [fact] = shop.rows("facts")
    assert fact["state"] == "cancelled"
