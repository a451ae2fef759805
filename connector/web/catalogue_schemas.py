"""The JSON Schemas of programs and prepaid funds, as answers show them."""

from typing import Final

from ..domain.cards import KINDS
from ..domain.programs import ON_EXPIRY
from .json_schema import Schema, every, flag, mapping, maybe, moment, money, one_of, page_of, ref, text, thing

_PROGRAM: Final[dict[str, Schema]] = {
    "id": text("`prg_…`"),
    "slug": text("its name in calls, recipes and on cards"),
    "name": text("its name for people"),
    "description": maybe(text()),
    "currency": ref("Currency"),
    "kind": one_of(*KINDS),
    "amounts": every(money(), "the only amounts there are; empty: any of the range"),
    "min_amount": money("0: none"),
    "max_amount": money("0: none"),
    "countries": every(text("ISO 3166"), "where it is offered; empty: everywhere"),
    "valid_for": maybe(text("`12 months`"), "null: its cards do not expire"),
    "code_prefix": maybe(text()),
    "design": mapping(),
    "max_balance": money("0: no cap"),
    "per_day": money("0: no cap"),
    "on_expiry": one_of(*ON_EXPIRY),
    "cash_out_below": money("0: none"),
    "is_active": flag(),
    "metadata": mapping(),
    "created_at": moment(),
    "updated_at": moment(),
}
_FUND: Final[dict[str, Schema]] = {
    "id": text("`fund_…`"),
    "program": maybe(text(), "null: of the account"),
    "currency": ref("Currency"),
    "balance": money(),
    "threshold": maybe(money(), "null: no warning"),
    "is_low": flag("whether the balance is below the threshold"),
    "created_at": moment(),
    "updated_at": moment(),
}
_LINE: Final[dict[str, Schema]] = {
    "id": text("`tr_…`"),
    "gift_card_id": {"type": "null"},
    "funding_id": text("`fund_…`"),
    "type": one_of("deposit", "withdraw"),
    "amount": money("below zero where it was taken out"),
    "currency": ref("Currency"),
    "balance_after": money(),
    "reference": maybe(text()),
    "reason": maybe(text()),
    "note": maybe(text()),
    "rate": maybe(text()),
    "related_transaction_id": maybe(text()),
    "invoice": maybe(ref("InvoiceLine"), "null: funds are on none"),
    "origin": mapping("which key, or command"),
    "created_at": moment(),
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Program": thing("A template for cards.", **_PROGRAM),
    "ProgramPage": page_of("Program"),
    "Fund": thing("Prepaid funds, in one currency.", **_FUND),
    "FundPage": page_of("Fund"),
    "FundMoved": thing(
        "The funds after a deposit or withdrawal, and its line.",
        funding=ref("Fund"),
        transaction=thing("One line of the funds.", **_LINE),
    ),
}
