"""A hold as people see it."""

from dataclasses import replace

from connector.domain.holds import HOLD_STATES, Hold, hold_json
from tests.kit.clock import THE_MOMENT

HOLD = Hold(1, "hold_1", 1, 7, "gc_1", 1500, "open", THE_MOMENT, THE_MOMENT, reference="table 4")


def test_an_open_hold_has_taken_nothing() -> None:
    shown = hold_json(HOLD)

    assert (shown["id"], shown["gift_card_id"], shown["amount"]) == ("hold_1", "gc_1", 1500)
    assert (shown["state"], shown["captured"], shown["transaction_id"], shown["ended_at"]) == (
        "open",
        0,
        None,
        None,
    )


def test_a_captured_hold_names_its_transaction() -> None:
    ended = replace(HOLD, state="captured", captured=900, transfer="tr_1", ended_at=THE_MOMENT)

    shown = hold_json(ended)

    assert (shown["captured"], shown["transaction_id"]) == (900, "tr_1")
    assert shown["ended_at"] == shown["created_at"]


def test_the_states_are_those_of_the_contract() -> None:
    assert HOLD_STATES == ("open", "captured", "released", "lapsed")
