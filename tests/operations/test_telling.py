"""What messages say: values that JSON has, and of a message that is too long what nobody wrote."""

from connector.operations.telling import details_of, shortened
from tests.kit.clock import THE_MOMENT


def test_moments_are_told_as_json_has_them_and_all_else_as_it_is() -> None:
    told = details_of({"expires_at": THE_MOMENT, "note": "n", "removed_at": None, "amount": 5})

    assert told == {"expires_at": "2026-11-20T15:00:00Z", "note": "n", "removed_at": None, "amount": 5}


def test_a_long_message_leaves_out_what_people_wrote_and_says_so() -> None:
    card = {"id": "gc_1", "balance": 5, "metadata": {"a": 1}, "message": "m", "note": "n"}
    data = {"gift_card": card, "contact": {"id": "ct_1", "tags": ["vip"]}, "transaction": {"id": "tr_1"}}

    assert shortened(data) == {
        "gift_card": {"id": "gc_1", "balance": 5, "metadata": {}, "message": None, "note": None},
        "contact": {"id": "ct_1", "tags": []},
        "transaction": {"id": "tr_1"},
        "shortened": True,
    }
    assert shortened({**data, "contact": None})["contact"] is None
