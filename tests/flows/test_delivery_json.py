"""Deliveries and attempts as people see them."""

from dataclasses import replace

import pytest

from connector.flows import delivery_json
from connector.store.delivery_lists import Listed
from tests.kit.clock import THE_MOMENT

ONE = Listed(
    id=1,
    public_id="whd_1",
    message_row=1,
    message="msg_1",
    type="ping",
    endpoint_row=1,
    endpoint="we_1",
    endpoint_status="enabled",
    card=None,
    state="pending",
    reason=None,
    outcome=None,
    tries=2,
    by_hand=1,
    due_at=THE_MOMENT,
    created_at=THE_MOMENT,
    ended_at=None,
)


@pytest.mark.parametrize(
    ("state", "status", "shown", "waiting_for", "is_due"),
    [
        ("pending", "enabled", "pending", None, True),
        ("blocked", "enabled", "pending", "order", False),
        ("blocked", "paused", "pending", "order", False),
        ("retrying", "paused", "retrying", "endpoint", True),
        ("sending", "disabled", "sending", "endpoint", False),
        ("delivered", "disabled", "delivered", None, False),
        ("dead", "enabled", "dead", None, False),
    ],
)
def test_what_it_waits_for_is_told(
    state: str, status: str, shown: str, waiting_for: str | None, is_due: bool
) -> None:
    told = delivery_json.delivery(replace(ONE, state=state, endpoint_status=status))

    assert (told["state"], told["waiting_for"], told["due_at"] is not None) == (shown, waiting_for, is_due)
    assert told["attempts"] == 3


def test_an_attempt_that_was_lost_is_shown_as_far_as_it_is_known() -> None:
    row = {
        "public_id": "wha_1",
        "number": 1,
        "trigger": "schedule",
        "started_at": THE_MOMENT,
        "record": {"outcome": "lost"},
    }

    told = delivery_json.attempt(row)

    assert (told["outcome"], told["status"], told["answer"], told["hint"]) == ("lost", None, None, None)
