"""What the time of an answer tells somebody who guesses codes: nothing.

No time is asserted in the short form: `make soak` does, on a machine that has nothing
else to do (`-s` shows the figures).
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from connector.domain import codes, ids
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.issue import Issue
from tests.kit.house import ACCOUNT, BY_HAND, OTHER
from tests.kit.process import Place, Serving
from tests.kit.timing import compare
from tests.kit.wire import Wire, a_request

SOAK: Final = bool(os.environ.get("CONNECTOR_SOAK"))
COUNT: Final = 3_000 if SOAK else 500
KEYS: Final = 50
CODES: Final = 200  # of each kind, in turn: one code alone would measure its own place in the index


def codes_of_another(place: Place) -> list[str]:
    """Of cards that are none of the caller's; from now on wrong codes are counted, but not refused."""
    text = place.config.read_text().replace("[limits]\n", '[limits]\nfailed_lookups = "100000/day"\n')
    place.config.write_text(f'{text}[[accounts]]\nslug = "{OTHER}"\ncurrency = "USD"\n')
    gateway = place.gateway()
    try:
        account = gateway.account(OTHER)
        made = [gateway.perform(account, BY_HAND, ISSUE, Issue(amount=2500)) for _ in range(CODES)]
    finally:
        gateway.close()
    return [str(one.body["code"]) for one in made]


def asker(wire: Wire, place: Place, told: Sequence[str], seen: set[str]) -> Callable[[int], None]:
    """Looks the codes up in turn; `seen` grows with every different answer."""
    requests = [
        a_request(
            "POST",
            "/v1/gift-cards/lookup",
            f"Authorization: Bearer {place.key}",
            "Content-Type: application/json",
            body=json.dumps({"code": code}).encode(),
        )
        for code in told
    ]

    return asks(wire, requests, seen)


def asks(wire: Wire, requests: Sequence[bytes], seen: set[str]) -> Callable[[int], None]:
    """Sends the requests in turn; `seen` grows with every different answer."""

    def ask(number: int) -> None:
        wire.send(requests[number % len(requests)])
        reply = wire.reply()
        named = reply.header("x-request-id") or "?"
        body = reply.body.replace(named.encode(), b"")
        unlike = ("x-request-id", "date")
        headers = tuple(one for one in reply.headers if one[0] not in unlike)
        seen.add(repr(replace(reply, headers=headers, body=body)))

    return ask


def test_another_account_s_code_and_nobody_s_are_one_answer_in_one_time(place: Place) -> None:
    """T18, T19."""
    foreign = codes_of_another(place)
    unknown = [codes.new_code(sandbox=False) for _ in range(CODES)]
    seen: set[str] = set()
    with Serving.at(place) as served, Wire(served.port) as wire:
        found = compare(
            asker(wire, place, foreign, seen),
            asker(wire, place, unknown, seen),
            COUNT,
        )
    sys.stdout.write(f"another account's code, an unknown one: {found}\n")

    [answer] = seen
    assert "Reply(status=404" in answer
    assert found.count == COUNT
    assert found.tells_nothing or not SOAK, found


def wrong_keys(place: Place) -> tuple[list[str], list[str]]:
    """Keys that begin as live ones do and differ in their last half, and keys that are like none."""
    gateway = place.gateway()
    try:
        account = gateway.account(ACCOUNT)
        live = [str(gateway.create_key(account, name=str(number))["key"]) for number in range(KEYS)]
    finally:
        gateway.close()
    unlike = [ids.new_api_key() for _ in range(2 * KEYS)]
    half = len(live[0]) // 2
    alike = [one[:half] + other[half:] for one, other in zip(live, unlike[KEYS:], strict=True)]
    return alike, unlike[:KEYS]


def test_a_key_that_begins_as_a_live_one_and_one_like_none_are_one_answer_in_one_time(place: Place) -> None:
    """T19: a key is looked up by the hash of all of it, so that how it begins tells nothing."""
    seen: set[str] = set()
    with Serving.at(place) as served, Wire(served.port) as wire:
        alike, unlike = (
            asks(
                wire,
                [a_request("GET", "/v1/gift-cards", f"Authorization: Bearer {key}") for key in keys],
                seen,
            )
            for keys in wrong_keys(place)
        )
        found = compare(alike, unlike, COUNT)
    sys.stdout.write(f"a key that begins as a live one, one like none: {found}\n")

    [answer] = seen
    assert "Reply(status=401" in answer
    assert found.count == COUNT
    assert found.tells_nothing or not SOAK, found
