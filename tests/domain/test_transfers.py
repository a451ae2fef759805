"""Transfers: a line's hash covers every column of it and the line before, so that tampering shows."""

import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from connector.domain.transfers import NO_HASH, TRANSFER_TYPES, InvoiceLine, Transfer, transaction_json

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
REDEEMED = Transfer(
    public_id="tr_2",
    account_id=1,
    type="redeem",
    debit="card:gc_1",
    credit="redeemed:USD",
    amount=1500,
    currency="USD",
    created_at=AT,
    previous_hash="1" * 64,
    number=2,
    balance_after=1000,
    related="tr_1",
    reference="till 4",
    reason="correction",
    note="a note",
    origin={"key_id": "key_1"},
)
OTHERS: dict[str, Any] = {
    "public_id": "tr_3",
    "account_id": 2,
    "type": "capture",
    "debit": "card:gc_2",
    "credit": "redeemed:EUR",
    "amount": 1501,
    "currency": "EUR",
    "created_at": AT + timedelta(microseconds=1),
    "previous_hash": NO_HASH,
    "number": 3,
    "balance_after": 1001,
    "related": "tr_0",
    "reference": "till 5",
    "reason": "fraud",
    "note": "another note",
    "rate": "EUR/USD 2",
    "origin": {"key_id": "key_2"},
}


def test_a_hash_is_the_same_each_time() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", REDEEMED.hash)
    assert REDEEMED.hash == replace(REDEEMED).hash != NO_HASH
    assert len(NO_HASH) == 64


@pytest.mark.parametrize("column", [field.name for field in fields(Transfer) if field.name != "invoice"])
def test_a_change_of_any_column_shows(column: str) -> None:
    assert replace(REDEEMED, **{column: OTHERS[column]}).hash != REDEEMED.hash


def test_what_is_said_beside_a_line_is_no_part_of_it() -> None:
    """S001-29: an invoice's line is told later, and mended, and the chain stays as it is."""
    assert replace(REDEEMED, invoice=InvoiceLine("INV-7", "2")).hash == REDEEMED.hash


@pytest.mark.parametrize("column", ["number", "balance_after", "related", "reference", "reason", "note"])
def test_taking_a_column_away_shows(column: str) -> None:
    without: dict[str, Any] = {column: None}
    assert replace(REDEEMED, **without).hash != REDEEMED.hash


def test_moving_a_text_to_the_next_column_shows() -> None:
    one = replace(REDEEMED, reference="till", reason=None)
    other = replace(REDEEMED, reference=None, reason="till")
    assert one.hash != other.hash


def test_a_hash_does_not_depend_on_how_a_moment_or_an_origin_is_written() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=-5)))
    assert replace(REDEEMED, created_at=elsewhere).hash == REDEEMED.hash
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert replace(REDEEMED, origin=one).hash == replace(REDEEMED, origin=other).hash


def test_changing_one_line_breaks_the_chain_after_it() -> None:
    later = replace(REDEEMED, public_id="tr_3", number=3, previous_hash=REDEEMED.hash)
    tampered = replace(REDEEMED, amount=1)
    assert later.previous_hash == REDEEMED.hash != tampered.hash


def test_a_line_is_shown_as_its_card_sees_it() -> None:
    assert transaction_json(REDEEMED, "gc_1", "card:gc_1") == {
        "id": "tr_2",
        "gift_card_id": "gc_1",
        "type": "redeem",
        "amount": -1500,
        "currency": "USD",
        "balance_after": 1000,
        "reference": "till 4",
        "reason": "correction",
        "note": "a note",
        "rate": None,
        "created_at": "2026-11-20T15:00:00Z",
        "origin": {"key_id": "key_1"},
        "related_transaction_id": "tr_1",
        "invoice": None,
    }
    loaded = replace(REDEEMED, debit="funding:USD", credit="card:gc_1")
    assert transaction_json(loaded, "gc_1", "card:gc_1")["amount"] == 1500


def test_the_kinds_of_transfer_are_each_there_once() -> None:
    assert len(TRANSFER_TYPES) == len(set(TRANSFER_TYPES))
    assert {"issue", "redeem", "load", "adjust", "refund", "transfer", "capture", "expire"} <= set(
        TRANSFER_TYPES
    )
