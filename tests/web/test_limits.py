"""Rates at the door: told in each answer, refused with when to come again."""

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from connector.domain.errors import RateLimited
from connector.flows.limits import NO_LIMITS, Limiter, Limits, Rate
from connector.web.limits import take
from tests.kit.house import House
from tests.web.door import Door, door_of, refusal

CARDS = "/v1/gift-cards"
THREE = Rate(3, 60)


def limited(house: House, **rates: Rate) -> Door:
    return door_of(house, rates=Limits(**rates))


def told(answer: TestResponse) -> tuple[str, ...]:
    return tuple(answer.headers[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset"))


def test_each_answer_with_a_key_says_where_it_stands(sqlite_house: House) -> None:
    """S004-58."""
    door = limited(sqlite_house, per_key=THREE)
    key = sqlite_house.key("cards:read")

    assert told(door.get(CARDS, key=key)) == ("3", "2", "60")
    sqlite_house.clock.forward(timedelta(seconds=15))
    assert told(door.get(CARDS, key=key)) == ("3", "1", "45")
    assert told(door.post("/v1/gift-cards/lookup", key=key, body={"code": "NOPE-NOPE"})) == ("3", "0", "45")

    refused = door.get(CARDS, key=key)
    assert refusal(refused) == (429, "rate_limited")
    assert refused.get_json(force=True)["retryable"] is True
    assert refused.headers["Retry-After"] == "45"
    assert told(refused) == ("3", "0", "45")

    sqlite_house.clock.forward(timedelta(seconds=45))
    assert door.get(CARDS, key=key).status_code == 200


def test_one_key_s_limit_is_no_other_s(sqlite_house: House) -> None:
    door = limited(sqlite_house, per_key=Rate(1, 60))
    one, other = sqlite_house.key("cards:read"), sqlite_house.key("cards:read")
    door.get(CARDS, key=one)

    assert door.get(CARDS, key=one).status_code == 429
    assert door.get(CARDS, key=other).status_code == 200


def test_a_missing_scope_counts_like_any_request(sqlite_house: House) -> None:
    door = limited(sqlite_house, per_key=Rate(2, 60))
    key = sqlite_house.key("webhooks")

    assert [door.get(CARDS, key=key).status_code for _ in range(3)] == [403, 403, 429]


def test_without_a_key_the_address_is_counted_and_good_keys_there_go_on(sqlite_house: House) -> None:
    door = limited(sqlite_house, per_address=THREE)
    key = sqlite_house.key("cards:read")

    wrong = [door.get(CARDS, key=one).status_code for one in ("", "gck_wrong", "", "gck_other", "")]

    assert wrong == [401, 401, 401, 429, 429]
    assert door.get(CARDS, key=key).status_code == 200
    assert door.get(CARDS, peer="198.51.100.1").status_code == 401


def test_a_host_s_many_v6_addresses_are_one(sqlite_house: House) -> None:
    door = limited(sqlite_house, per_address=THREE)

    codes = [door.get(CARDS, peer=f"2001:db8:1:2::{number:x}").status_code for number in range(5)]

    assert codes == [401, 401, 401, 429, 429]
    assert door.get(CARDS, peer="2001:db8:1:3::1").status_code == 401


def test_without_limits_nothing_is_counted_or_told(sqlite_house: House) -> None:
    door = door_of(sqlite_house, rates=NO_LIMITS)
    answer = door.get(CARDS, key=sqlite_house.key("cards:read"))

    assert not [name for name, _ in answer.headers if name.startswith("RateLimit")]


def test_a_refused_request_does_nothing_and_its_key_is_still_good(sqlite_house: House) -> None:
    door = limited(sqlite_house, per_key=Rate(1, 60))
    key = sqlite_house.key("cards:write")
    sent = {"key": key, "body": {"amount": 2500}, "headers": {"Idempotency-Key": "order-1"}}
    door.get(CARDS, key=key)
    assert door.post(CARDS, **sent).status_code == 429
    assert sqlite_house.cards() == sqlite_house.rows("idempotency_keys") == []

    sqlite_house.clock.forward(timedelta(seconds=60))

    answer = door.post(CARDS, **sent)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


def test_inbound_hooks_have_no_limit_unless_one_is_set(sqlite_house: House) -> None:
    door = limited(sqlite_house, per_key=Rate(1, 60), per_address=Rate(1, 60))

    assert {door.deliver("calendly", "booking.created", is_new=True).status_code for _ in range(5)} == {200}


def test_a_source_s_limit_counts_what_proved_itself_and_nothing_of_a_stranger(sqlite_house: House) -> None:
    door = limited(sqlite_house, per_source=Rate(2, 60))
    forged = [door.post("/hooks/glow-spa/calendly", body={}).status_code for _ in range(5)]
    assert forged == [401] * 5

    codes = [door.deliver("calendly", "booking.created", is_new=True).status_code for _ in range(3)]

    assert codes == [200, 200, 429]
    assert door.deliver("standard", "booking.created").status_code == 200
    sqlite_house.clock.forward(timedelta(seconds=60))
    assert door.deliver("calendly", "booking.created", is_new=True).status_code == 200


def test_the_refusal_says_when(quick_door: Door) -> None:
    limiter = Limiter(quick_door.house.clock)
    with quick_door.client.application.test_request_context():
        for _ in range(3):
            take(limiter, THREE, "key", "a")
        with pytest.raises(RateLimited, match="3 are the most; try again in 60 s") as refused:
            take(limiter, THREE, "key", "a")

    assert refused.value.retry_after == timedelta(seconds=60)
