"""Wrong codes: one budget over every door, which closes to who guesses and to nobody else."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import NotFound, RateLimited, UnknownCode
from connector.web.calls import rule_of
from connector.web.factory import every_call
from connector.web.guesses import EVERYBODY, Guesser, Guesses
from connector.web.limits import Limits, Rate
from tests.kit.clock import FixedClock
from tests.kit.crowd import at_once
from tests.kit.house import OTHER, House
from tests.web.door import Door, door_of, refusal
from tests.web.test_access import CARD, ROUTES

TEN = Rate(10, 60)
LOOKUP = "/v1/gift-cards/lookup"
TILL = Guesser("203.0.113.7", "key_till", "glow-spa")
THIEF = Guesser("203.0.113.7", "key_thief", "glow-spa")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def guesses(clock: FixedClock) -> Guesses:
    return Guesses(TEN, clock)


@pytest.fixture
def guarded(sqlite_house: House) -> Door:
    return door_of(sqlite_house, rates=Limits(failed_lookups=TEN))


def guess(guesses: Guesses, who: Guesser, *, is_right: bool = False) -> str:
    try:
        with guesses.looking(who):
            if not is_right:
                raise UnknownCode
            return "found"
    except RateLimited:
        return "refused"
    except UnknownCode:
        return "missed"


# The budget


def test_after_ten_wrong_ones_the_caller_waits_out_the_minute(guesses: Guesses, clock: FixedClock) -> None:
    """T15: at most ten look-ups a minute, and no word more."""
    told = [guess(guesses, THIEF) for _ in range(5_000)]
    assert told.count("missed") == 10
    assert told[10:] == ["refused"] * 4_990

    clock.forward(timedelta(seconds=59))
    assert guess(guesses, THIEF, is_right=True) == "refused"
    clock.forward(timedelta(seconds=1))
    assert guess(guesses, THIEF, is_right=True) == "found"


def test_the_refusal_says_when_to_come_again(guesses: Guesses, clock: FixedClock) -> None:
    for _ in range(10):
        guess(guesses, THIEF)
    clock.forward(timedelta(seconds=20))

    with pytest.raises(RateLimited) as refused, guesses.looking(THIEF):
        raise AssertionError("nothing is looked up")

    assert refused.value.retry_after == timedelta(seconds=40)


def test_right_codes_cost_nothing(guesses: Guesses) -> None:
    assert {guess(guesses, TILL, is_right=True) for _ in range(1_000)} == {"found"}
    assert guesses.failed == 0


def test_only_a_wrong_code_counts_as_one(guesses: Guesses) -> None:
    for _ in range(50):
        with pytest.raises(NotFound), guesses.looking(TILL):
            raise NotFound

    assert guess(guesses, TILL, is_right=True) == "found"


def test_who_told_no_wrong_code_goes_on_whatever_happens_at_its_address(guesses: Guesses) -> None:
    """T22: a budget that is spent against a shop locks out the one who spent it."""
    for _ in range(100):
        guess(guesses, THIEF)

    assert guess(guesses, TILL, is_right=True) == "found"
    assert guess(guesses, TILL) == "missed"
    assert guess(guesses, TILL) == "refused", "from now on it is one of those that guess there"


def test_an_address_gets_no_further_with_many_keys(guesses: Guesses) -> None:
    keys = [Guesser("203.0.113.7", f"key_{number}", "glow-spa") for number in range(20)]
    told = [guess(guesses, who) for _ in range(10) for who in keys]

    assert told.count("missed") <= 10 + len(keys)


def test_another_account_s_guesses_at_the_same_address_are_its_own(guesses: Guesses) -> None:
    for _ in range(20):
        guess(guesses, THIEF)
    neighbour = Guesser("203.0.113.7", "key_n", "other-shop")

    assert [guess(guesses, neighbour) for _ in range(10)] == ["missed"] * 10


def test_without_a_key_the_address_is_the_caller(guesses: Guesses) -> None:
    told = [guess(guesses, Guesser(f"2001:db8::{number:x}")) for number in range(30)]

    assert told.count("missed") == 10
    assert guess(guesses, Guesser("2001:db8:0:1::1")) == "missed"


def test_many_at_once_get_no_more_than_the_budget(guesses: Guesses) -> None:
    at_once_told = [one.value for one in at_once([lambda: guess(guesses, THIEF)] * 60)]

    assert at_once_told.count("missed") == 10
    assert at_once_told.count("refused") == 50


def test_many_right_ones_at_once_are_all_served(guesses: Guesses) -> None:
    ended = at_once([lambda: guess(guesses, TILL, is_right=True)] * 60)

    assert {one.value for one in ended} == {"found"}


def test_slow_right_ones_hold_nobody_up_for_long(guesses: Guesses, clock: FixedClock) -> None:
    opened = threading.Event()

    def slowly() -> str:
        with guesses.looking(TILL):
            opened.wait(30)
        return "found"

    def hurry() -> str:
        while clock.waiting == 0:
            opened.wait(0.001)
        clock.forward(timedelta(seconds=1))
        opened.set()
        return "moved"

    calls: list[Callable[[], str]] = [*[slowly] * 11, hurry]
    ended = at_once(calls)

    assert [one.value for one in ended] == ["found"] * 11 + ["moved"]


# A herd


def test_a_herd_sets_off_the_alarm_and_closes_to_those_who_guess(guesses: Guesses, clock: FixedClock) -> None:
    """T16: many addresses, one budget; correct codes of keys are still served."""
    herd = [Guesser(f"127.1.{number // 250}.{number % 250}") for number in range(1_000)]
    told = [guess(guesses, who) for who in herd]

    assert told.count("missed") == 10 * EVERYBODY
    assert guesses.alarms == 0, "the budget is spent, not yet overrun"
    assert guess(guesses, TILL, is_right=True) == "found"
    assert guess(guesses, TILL) == "missed"
    assert guesses.alarms == 1
    assert guess(guesses, Guesser("198.51.100.1"), is_right=True) == "refused"

    clock.forward(timedelta(seconds=60))
    assert guess(guesses, Guesser("198.51.100.1"), is_right=True) == "found"


def test_the_alarm_is_given_once_a_minute(guesses: Guesses, clock: FixedClock) -> None:
    def herd() -> None:
        for number in range(400):
            guess(guesses, Guesser("203.0.113.7", f"key_{number}", f"shop-{number}"))

    herd()
    assert guesses.alarms == 1
    clock.forward(timedelta(seconds=60))
    herd()
    assert guesses.alarms == 2


def test_without_a_limit_wrong_codes_are_counted_and_nothing_else(clock: FixedClock) -> None:
    free = Guesses(None, clock)

    assert [guess(free, THIEF) for _ in range(50)] == ["missed"] * 50
    free.missed(THIEF)
    assert (free.failed, free.alarms) == (51, 0)


# The doors


def doors_for_codes(door: Door) -> list[tuple[str, dict[str, Any]]]:
    """A wrong code through each call that takes one: whatever call has a field of the kind `card`."""
    matcher = door.client.application.url_map.bind("connector")
    card = door.house.issue(1000)["id"]
    found = []
    for call in every_call():
        names = [name for name, one in (call.body.fields if call.body else {}).items() if one.kind == "card"]
        for method, path, _, body in ROUTES:
            rule = matcher.match(path, method, return_rule=True)[0].rule
            if names and (method, rule) == (call.method, rule_of(call.path)) and isinstance(body, dict):
                rest = {name: value for name, value in body.items() if name not in names}
                found += [(path.replace(CARD, card), {**rest, name: "NOPE-NOPE-NOPE"}) for name in names]
    return found


def test_every_door_counts_against_the_same_budget(guarded: Door) -> None:
    """T17."""
    key = guarded.house.key("admin")
    doors = doors_for_codes(guarded)
    assert len(doors) >= 5

    told = [guarded.post(path, key=key, body=body).status_code for path, body in (doors * 10)[:10]]
    assert told == [404] * 10
    for path, body in doors:
        answer = guarded.post(path, key=key, body=body)
        assert refusal(answer) == (429, "rate_limited"), path
        assert answer.headers["Retry-After"] == "60"


def test_only_the_guessing_door_closes(guarded: Door) -> None:
    """T22: the card stays redeemable, by its id with this key, by its code with another."""
    house = guarded.house
    key, till = house.key("cards:read", "cards:write"), house.key("cards:read", "cards:write")
    card = house.issue(2500)
    for _ in range(12):
        guarded.post(LOOKUP, key=key, body={"code": "NOPE-NOPE"})
    right = {"code": card["code"], "amount": "1.00"}

    assert guarded.post(LOOKUP, key=key, body={"code": card["code"]}).status_code == 429
    assert guarded.post("/v1/actions/redeem-gift-card", key=key, body=right).status_code == 429
    assert (
        guarded.post(f"/v1/gift-cards/{card['id']}/redeem", key=key, body={"amount": 100}).status_code == 200
    )
    by_id = {"card": card["id"], "amount": "1.00"}
    assert guarded.post("/v1/actions/redeem-gift-card", key=key, body=by_id).status_code == 200
    assert guarded.post("/v1/actions/redeem-gift-card", key=till, body=right).status_code == 200
    assert guarded.post(LOOKUP, key=till, body={"code": card["code"]}).status_code == 200
    assert house.balance(card["id"]) == 2200


def test_wrong_ids_are_no_guesses(guarded: Door) -> None:
    key = guarded.house.key("cards:read")
    nobody = "gc_" + "0" * 26
    for _ in range(30):
        assert guarded.get(f"/v1/gift-cards/{nobody}", key=key).status_code == 404
        assert guarded.post("/v1/actions/check-balance", key=key, body={"card": nobody}).status_code == 404

    assert guarded.post(LOOKUP, key=key, body={"code": guarded.house.issue()["code"]}).status_code == 200


def test_the_command_line_has_no_such_budget(guarded: Door) -> None:
    house = guarded.house
    for _ in range(30):
        with pytest.raises(NotFound):
            house.redeem("NOPE-NOPE", 100)

    assert guarded.post(LOOKUP, key=house.key("cards:read"), body={"code": "NOPE"}).status_code == 404


def test_a_first_answer_given_again_is_no_further_guess(guarded: Door) -> None:
    key = guarded.house.key("cards:write")
    sent = {
        "key": key,
        "body": {"code": "NOPE-NOPE", "amount": "1.00"},
        "headers": {"Idempotency-Key": "receipt-1"},
    }
    told = [guarded.post("/v1/actions/redeem-gift-card", **sent).status_code for _ in range(30)]

    assert told == [404] * 30


@pytest.mark.parametrize(
    "path", [LOOKUP, "/v1/actions/check-balance", "/v1/actions/redeem-gift-card"], ids=lambda path: path[4:]
)
def test_unknown_another_account_s_and_what_is_no_code_are_told_alike(door: Door, path: str) -> None:
    """T18: byte for byte, but for the request's own id."""
    house = door.house
    foreign = door.post(
        "/v1/gift-cards", key=house.key("cards:write", account=OTHER), body={"amount": 100}
    ).get_json()["code"]
    key = house.key("cards:read", "cards:write")
    told = set()
    for code in (
        "AAAA-BBBB-CCCC-DDDD-E",
        foreign,
        foreign.lower(),
        "x",
        "ü€\u2028",
        "' OR 1=1 --",
        "-",
        "0" * 320,
    ):
        body = {"code": code, **({"amount": "1.00"} if "redeem" in path else {})}
        answer = door.post(path, key=key, body=body)
        plain = answer.get_data(as_text=True).replace(answer.headers["X-Request-Id"], "")
        headers = sorted(item for item in answer.headers.items() if item[0] != "X-Request-Id")
        told.add((answer.status_code, plain, tuple(headers)))

    [(status, text, _)] = told
    assert status == 404
    assert '"not_found"' in text


def test_wrong_codes_and_alarms_are_counted_for_the_operator(guarded: Door) -> None:
    key = guarded.house.key("cards:read")
    for _ in range(3):
        guarded.post(LOOKUP, key=key, body={"code": "NOPE"})

    text = guarded.get("/metrics", peer="127.0.0.1").text

    assert "connector_failed_lookups 3.0" in text
    assert "connector_guessing_alarms 0.0" in text
