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

from connector.domain import codes
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.issue import Issue
from tests.kit.house import BY_HAND, OTHER
from tests.kit.process import Place, Serving
from tests.kit.timing import compare
from tests.kit.wire import Wire, a_request

SOAK: Final = bool(os.environ.get("CONNECTOR_SOAK"))
COUNT: Final = 3_000 if SOAK else 500
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
