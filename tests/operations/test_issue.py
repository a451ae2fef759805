"""Issue: a card with value, its code shown once, and all that may be wrong with the wish for one."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Caps
from connector.domain.cards import KINDS
from connector.domain.errors import (
    CapReached,
    CodeTaken,
    ConnectorError,
    CurrencyMismatch,
    DeliveryNotConfigured,
    InsufficientFunds,
    NotFound,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from connector.operations.issue import OPERATION, Issue
from connector.store import cards
from tests.kit.catalogue import a_fund, a_program, left_in
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.kit.deeds import last_told, make_sandbox, told
from tests.kit.house import BY_HAND, PUBLIC_URL, House

LATER = THE_MOMENT + timedelta(days=30)
BEFORE = THE_MOMENT - timedelta(seconds=1)


def count(shop: House, table: str) -> int:
    with shop.gateway.parts.engines.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def first_line(shop: House, card: str) -> Any:
    with shop.gateway.parts.engines.reading() as connection:
        wanted = text(
            "SELECT t.* FROM transfers t JOIN cards c ON c.id = t.card_id WHERE c.public_id = :card"
        )
        return connection.execute(wanted, {"card": card}).mappings().one()


def test_a_card_is_made_and_its_code_is_shown_this_once(house: House) -> None:
    made = house.issue(2500, message="Enjoy", note="regular", metadata={"order": "7"})

    assert made["code"].replace("-", "")[-4:] == made["last4"]
    assert (made["balance"], made["initial_amount"], made["currency"]) == (2500, 2500, "USD")
    assert (made["state"], made["kind"], made["source"]) == ("active", "promotional", "api")
    assert (made["message"], made["note"], made["metadata"]) == ("Enjoy", "regular", {"order": "7"})
    [shown] = house.cards()
    assert "code" not in shown
    assert made["url"].startswith(f"{PUBLIC_URL}/c/")  # its page shows the code: it is told with it
    assert shown == {**{key: value for key, value in made.items() if key != "code"}, "url": None}
    house.require_proof()


def test_the_code_is_nowhere_in_the_database_in_clear(shop: House) -> None:
    code = shop.issue(2500)["code"]

    with shop.gateway.parts.engines.reading() as connection:
        dump = "\n".join(connection.connection.iterdump())

    assert code not in dump
    assert code.replace("-", "").lower() not in dump.lower()


def test_the_code_can_be_shown_again_to_who_may_see_it(shop: House) -> None:
    made = shop.issue(2500)

    with shop.gateway.parts.engines.reading() as connection:
        card = cards.find(connection, shop.account.id, made["id"])
        assert card is not None
        assert cards.open_code(connection, shop.gateway.parts.ring, card) == made["code"]


@pytest.mark.parametrize("kind", KINDS)
def test_who_gives_the_value_decides_where_it_comes_from(shop: House, kind: str) -> None:
    card = shop.issue(2500, kind=kind)["id"]

    assert first_line(shop, card)["debit"] == {"promotional": "promo:api", "paid": "funding:-"}[kind]


@pytest.mark.parametrize("amount", [1, 2500, MAX_MINOR])
def test_any_lawful_amount_is_kept_exactly(shop: House, amount: int) -> None:
    assert shop.balance(shop.issue(amount)["id"]) == amount
    shop.require_proof()


@pytest.mark.parametrize("currency", ["USD", "EUR", "JPY", "KWD"])
def test_a_card_has_the_currency_that_was_asked_for(shop: House, currency: str) -> None:
    assert shop.issue(100, currency=currency)["currency"] == currency


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError], str | None]] = [
    ("nothing", {"amount": 0}, ValidationFailed, "amount"),
    ("less than nothing", {"amount": -1}, ValidationFailed, "amount"),
    ("too much", {"amount": MAX_MINOR + 1}, ValidationFailed, "amount"),
    ("a truth for an amount", {"amount": True}, ValidationFailed, None),
    ("no currency of this world", {"currency": "XXX"}, ValidationFailed, None),
    ("a currency in small letters", {"currency": "usd"}, ValidationFailed, None),
    ("a kind that there is not", {"kind": "stolen"}, ValidationFailed, "kind"),
    ("an end in the past", {"expires_at": BEFORE}, ValidationFailed, "expires_at"),
    ("an end now", {"expires_at": THE_MOMENT}, ValidationFailed, "expires_at"),
    ("usable only after its end", {"usable_at": LATER, "expires_at": LATER}, ValidationFailed, "usable_at"),
    ("a code too short", {"code": "12345"}, ValidationFailed, None),
    ("a code too long", {"code": "A" * 65}, ValidationFailed, None),
    ("a code of strange signs", {"code": "GIFT_CARD_1"}, ValidationFailed, None),
    ("a payment card's number", {"code": "4242 4242 4242 4242"}, ValidationFailed, None),
    ("two persons", {"contact_id": "ct_1", "contact": {"email": "a@b.c"}}, ValidationFailed, "contact"),
    ("a person without a name", {"contact": {"first_name": "Mia"}}, ValidationFailed, "contact"),
    ("an unknown field of a person", {"contact": {"shoe": 43}}, ValidationFailed, "contact.shoe"),
    ("a stranger", {"contact_id": "ct_" + "0" * 26}, NotFound, None),
    ("a stranger's address", {"contact_id": "noor@example.com"}, NotFound, None),
    ("a message beyond measure", {"message": "x" * 2_001}, ValidationFailed, "message"),
    ("half a surrogate pair", {"note": "\ud83d"}, ValidationFailed, None),
    ("a sandbox's code", {"code": "TEST-2026"}, ValidationFailed, "code"),
    ("a program that there is not", {"program": "spa"}, NotFound, None),
    ("a way to send it that there is not", {"delivery": "pigeon"}, ValidationFailed, "delivery"),
    ("mail to nobody", {"delivery": "email"}, ValidationFailed, "delivery"),
    (
        "mail to no address",
        {"delivery": "email", "recipient": {"email": "mia"}},
        ValidationFailed,
        "recipient.email",
    ),
    (
        "a text to no number",
        {"delivery": "sms", "recipient": {"phone": "7"}},
        ValidationFailed,
        "recipient.phone",
    ),
    (
        "a text to an address",
        {"delivery": "sms", "recipient": {"email": "a@b.co"}},
        ValidationFailed,
        "delivery",
    ),
    ("a time to send what is not sent", {"deliver_at": LATER}, ValidationFailed, "deliver_at"),
    (
        "sent when it is over",
        {"delivery": "email", "deliver_at": LATER, "expires_at": LATER},
        ValidationFailed,
        "deliver_at",
    ),
    ("metadata beyond measure", {"metadata": {"a": "x" * 9_000}}, ValidationFailed, "metadata"),
]


@pytest.mark.parametrize(
    ("fields", "error", "field"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        shop.issue(**{"amount": 2500, **fields})

    assert field is None or [one.field for one in refused.value.errors] == [field]
    assert [count(shop, table) for table in ("cards", "transfers", "messages", "contacts")] == [0, 0, 0, 0]


def test_a_code_of_ones_own_is_taken_once_however_it_is_written(shop: House) -> None:
    """S000-04."""
    made = shop.issue(2500, code="Summer-2026")
    assert (made["code"], made["last4"]) == ("Summer-2026", "2026")

    for again in ("Summer-2026", "SUMMER 2026", "summer2026", "S-U-M-M-E-R-2026"):
        with pytest.raises(CodeTaken):
            shop.issue(100, code=again)

    assert len(shop.cards()) == 1


def test_another_account_may_have_the_same_code(shop: House) -> None:
    shop.issue(2500, code="SUMMER2026")

    other = shop.gateway.perform(shop.other, BY_HAND, OPERATION, Issue(amount=100, code="SUMMER2026"))

    assert other.body["balance"] == 100


def test_a_cards_owner_is_named_made_or_nobody(shop: House) -> None:
    made = shop.issue(100, contact={"email": "Mia@Example.com", "name": "Mia Moss"})
    assert made["contact_id"] is not None

    assert shop.issue(100, contact_id=made["contact_id"])["contact_id"] == made["contact_id"]
    assert shop.issue(100, contact_id="mia@example.com")["contact_id"] == made["contact_id"]
    assert shop.issue(100, contact={"email": "mia@example.com"})["contact_id"] == made["contact_id"]
    assert shop.issue(100)["contact_id"] is None
    assert count(shop, "contacts") == 1


def test_a_card_lives_from_and_until(shop: House) -> None:
    made = shop.issue(100, usable_at=THE_MOMENT + timedelta(days=1), expires_at=LATER)

    assert made["state"] == "pending"
    shop.clock.forward(timedelta(days=1))
    assert shop.gateway.card(shop.account, made["id"])["state"] == "active"
    shop.clock.forward(timedelta(days=29))
    assert shop.gateway.card(shop.account, made["id"])["state"] == "expired"


@pytest.mark.parametrize(("amount", "is_lawful"), [(4999, True), (5000, True), (5001, False)])
def test_no_card_is_issued_above_the_cap(shop: House, amount: int, is_lawful: bool) -> None:
    parts = shop.gateway.parts

    def work(tx: Any) -> Any:
        desk = replace(parts.desk(tx, shop.account, BY_HAND), caps=Caps(per_card=5000))
        return OPERATION.perform(desk, Issue(amount=amount))

    if is_lawful:
        assert parts.writer.run(work).card.balance == amount
    else:
        with pytest.raises(CapReached, match=r"50\.01 USD is above the cap of 50\.00 USD"):
            parts.writer.run(work)
        assert count(shop, "cards") == 0


@pytest.mark.parametrize(("amount", "is_lawful"), [(50, True), (51, False)])
def test_another_currency_is_no_way_round_the_cap(shop: House, amount: int, is_lawful: bool) -> None:
    parts = shop.gateway.parts

    def work(tx: Any) -> Any:
        desk = replace(parts.desk(tx, shop.account, BY_HAND), caps=Caps(per_card=5000))
        return OPERATION.perform(desk, Issue(amount=amount, currency="JPY"))

    if is_lawful:
        assert parts.writer.run(work).card.balance == amount
    else:
        with pytest.raises(CapReached, match=r"51 JPY is above the cap of 50\.00 USD"):
            parts.writer.run(work)


@pytest.mark.parametrize(
    "fields",
    [{"recipient": {"balance": "9"}}, {"recipient": {"name": 7}}, {"sender": {"email": "a@example.com"}}],
)
def test_a_recipient_and_a_sender_have_known_fields_only(shop: House, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        shop.issue(**fields)


# Programs


def test_a_card_of_a_program_is_made_as_the_program_says(shop: House) -> None:
    """S004-12, S004-13. It is 10:00 in New York."""
    a_program(shop, amounts=(2500, 5000), valid_for="12 months", code_prefix="GLOW")

    made = shop.issue(2500, program="spa")

    assert (made["program"], made["kind"], made["currency"]) == ("spa", "paid", "USD")
    assert made["expires_at"] == "2027-11-21T04:59:59Z", "the last second of the day in New York"
    assert made["code"].startswith("GLOW-")
    assert first_line(shop, made["id"])["debit"] == "funding:spa"
    shop.require_proof()


def test_a_currency_and_an_end_of_ones_own_go_before_those_of_the_account(shop: House) -> None:
    a_program(shop, "tea", currency="JPY", kind="promotional", valid_for="1 month")

    made = shop.issue(2500, program="tea", expires_at=LATER)

    assert (made["currency"], made["expires_at"]) == ("JPY", LATER.isoformat().replace("+00:00", "Z"))


PROGRAM_SAYS_NO: list[tuple[str, dict[str, Any], dict[str, Any], type[ConnectorError], str]] = [
    (
        "another amount",
        {"amounts": (2500, 5000)},
        {"amount": 2600},
        ValidationFailed,
        "25.00, 50.00 USD",
    ),
    ("too little", {"min_amount": 1000}, {"amount": 999}, ValidationFailed, "at least 10.00 USD"),
    ("too much", {"max_amount": 1000}, {"amount": 1001}, ValidationFailed, "at most 10.00 USD"),
    ("another currency", {}, {"currency": "EUR"}, CurrencyMismatch, "in USD, not EUR"),
    ("another kind", {}, {"kind": "promotional"}, ValidationFailed, "must be paid"),
    ("no longer offered", {"is_active": False}, {}, ConnectorError, "not active"),
    ("usable after its end", {"valid_for": "1 day"}, {"usable_at": LATER}, ValidationFailed, "usable_at"),
    ("more than it may hold", {"max_balance": 100}, {"amount": 101}, CapReached, "1.00 USD that the program"),
]


@pytest.mark.parametrize(
    ("rules", "fields", "error", "said"),
    [row[1:] for row in PROGRAM_SAYS_NO],
    ids=[r[0] for r in PROGRAM_SAYS_NO],
)
def test_what_a_program_does_not_allow_is_refused_and_leaves_nothing(
    shop: House, rules: dict[str, Any], fields: dict[str, Any], error: type[ConnectorError], said: str
) -> None:
    a_program(shop, **rules)

    with pytest.raises(error, match=said) as refused:
        shop.issue(**{"amount": 2500, "program": "spa", **fields})

    assert refused.value.status in (409, 422)
    assert [count(shop, table) for table in ("cards", "transfers", "messages", "cap_sums")] == [0, 0, 0, 0]


def test_nobody_issues_of_another_accounts_program(shop: House) -> None:
    a_program(shop)

    with pytest.raises(NotFound):
        shop.gateway.perform(shop.other, BY_HAND, OPERATION, Issue(amount=100, program="spa"))


# Funds


def test_prepaid_funds_are_drawn_on_to_the_last_cent_and_not_beyond(house: House) -> None:
    """S004-64, S004-67. The refusal does not tell what is left: that is for those with `reports`."""
    fund = a_fund(house, 5_000)
    made = house.issue(3_000)
    assert first_line(house, made["id"])["debit"] == "prepaid:-"

    with pytest.raises(InsufficientFunds, match=r"less than the 20\.01 USD") as refused:
        house.issue(2_001)

    assert refused.value.status == 402
    assert "20.00" not in refused.value.detail
    assert left_in(house, fund) == 2_000
    house.issue(2_000)
    assert left_in(house, fund) == 0
    house.require_proof()


def test_a_programs_funds_go_before_those_of_the_account(shop: House) -> None:
    a_program(shop)
    whole, own = a_fund(shop, 5_000), a_fund(shop, 1_000, program="spa")

    shop.issue(1_000, program="spa")
    with pytest.raises(InsufficientFunds, match="of the program spa"):
        shop.issue(1, program="spa")
    shop.issue(500)

    assert (left_in(shop, whole), left_in(shop, own)) == (4_500, 0)


def test_sixty_four_issuers_never_overdraw(house: House) -> None:
    fund = a_fund(house, 10_000, threshold=2_500)

    ended = at_once([lambda: house.issue(1_000)] * 64)

    errors = [one.error for one in ended if one.error is not None]
    assert len(ended) - len(errors) == 10
    assert {type(one) for one in errors} == {InsufficientFunds}
    assert left_in(house, fund) == 0
    assert sum(card["balance"] for card in house.cards()) == 10_000
    assert len(house.rows("messages", type="funding.low")) == 1, "told once, by whoever crossed it"
    house.require_proof()


def test_who_takes_the_funds_below_their_threshold_tells_of_it_once(shop: House) -> None:
    """S004-66."""
    a_fund(shop, 5_000, threshold=2_000)

    shop.issue(3_000)
    assert shop.rows("messages", type="funding.low") == []
    shop.issue(1)
    shop.issue(1_000)

    [message] = shop.rows("messages", type="funding.low")
    told = json.loads(message["body"])["data"]["funding"]
    assert (told["balance"], told["threshold"], told["is_low"]) == (1_999, 2_000, True)


# Codes and numbers that are none


def test_a_sandboxs_codes_say_so(shop: House) -> None:
    """S004-45."""
    parts = shop.gateway.parts

    def issue(**fields: Any) -> Any:
        def work(tx: Any) -> Any:
            desk = parts.desk(tx, replace(shop.account, sandbox=True), BY_HAND)
            return OPERATION.perform(desk, Issue(amount=100, **fields))

        return parts.writer.run(work)

    a_program(shop, code_prefix="GLOW")
    assert issue(code="test summer 26").code == "test summer 26"
    assert issue().code.startswith("TEST-")
    assert issue(program="spa").code.startswith("TEST-GLOW-")
    with pytest.raises(ValidationFailed, match="begins with TEST"):
        issue(code="SUMMER2026")


def test_a_payment_cards_number_is_kept_nowhere(shop: House) -> None:
    """S004-75: T69, row 74."""
    number = "4242 4242 4242 4242"

    made = shop.issue(
        2500,
        message=f"Paid with {number}",
        note=number,
        metadata={"pan": 4242424242424242, "list": [number]},
        recipient={"name": number},
        sender={"name": number},
    )
    shop.redeem(made["id"], 100, reference=number)

    assert made["message"] == "Paid with ****4242"
    assert made["metadata"] == {"pan": "****4242", "list": ["****4242"]}
    kept = shop.everything()
    assert number not in kept
    assert number.replace(" ", "") not in kept
    [line] = shop.rows("transfers", type="redeem")
    assert line["reference"] == "****4242"
    shop.require_proof()


def test_a_card_says_how_and_when_it_is_sent(shop: House) -> None:
    """S004-15, S004-34, S004-35."""
    make_sandbox(shop)
    to = {"name": "Mia", "email": "mia@example.com"}
    mailed = shop.issue(2500, delivery="email", deliver_at=LATER, recipient=to)
    texted = shop.issue(2500, delivery="sms", contact={"phone": "+12125550101"})

    rows = {row["public_id"]: (row["delivery"], row["deliver_at"]) for row in shop.rows("cards")}
    assert rows == {mailed["id"]: ("email", LATER), texted["id"]: ("sms", None)}
    assert [told(shop, one["id"]) for one in (mailed, texted)] == [[], ["gift_card.delivered"]]
    shop.clock.forward(LATER - shop.clock.now())
    shop.gateway.tick()
    assert told(shop, mailed["id"]) == ["gift_card.delivered"]


def test_where_nothing_can_be_sent_no_card_is_made_to_be_sent(shop: House) -> None:
    with pytest.raises(DeliveryNotConfigured):
        shop.issue(2500, delivery="email", recipient={"email": "mia@example.com"})

    assert shop.cards() == []


# Who may not change people


VIP = {"email": "mia@example.com", "first_name": "Mia", "last_name": "Berg", "tags": ["VIP", "blocked"]}
OTHERWISE = {"email": "MIA@example.com", "phone": "+14155550113", "external_id": "x-1", "tags": []}


def people(house: House) -> tuple[Any, ...]:
    """All that is kept of people."""
    return house.rows("contacts"), house.rows("identities"), house.rows("contact_tags")


def issue_as(house: House, scopes: tuple[str, ...] | None, **contact: Any) -> dict[str, Any]:
    actor = replace(BY_HAND, scopes=scopes)
    command = Issue(amount=100, contact=contact)
    return dict(house.gateway.perform(house.account, actor, OPERATION, command).body)


def test_without_the_scope_contacts_who_is_there_stays_as_they_are(house: House) -> None:
    """T33: a key that may only issue changes no tags, names or numbers, nor who is found by what."""
    mia = house.issue(100, contact=VIP)["contact_id"]
    house.clock.forward(timedelta(days=1))
    before = people(house)

    made = issue_as(house, ("cards:write",), **OTHERWISE, first_name="Mallory", last_name="X")

    assert made["contact_id"] == mia
    assert people(house) == before
    told_of = last_told(house, made["id"])["contact"]
    assert (told_of["id"], told_of["external_id"], told_of["tags"]) == (mia, None, ["VIP", "blocked"])


def test_without_the_scope_contacts_who_is_new_is_made(house: House) -> None:
    made = issue_as(house, ("cards:write",), **VIP)

    [row] = house.rows("contacts")
    assert (row["public_id"], row["first_name"]) == (made["contact_id"], "Mia")
    assert len(house.rows("contact_tags")) == 2


@pytest.mark.parametrize("scopes", [("cards:write", "contacts"), ("admin",), None])
def test_with_it_what_is_told_is_news(shop: House, scopes: tuple[str, ...] | None) -> None:
    shop.issue(100, contact=VIP)
    shop.clock.forward(timedelta(days=1))

    issue_as(shop, scopes, **OTHERWISE)

    [row] = shop.rows("contacts")
    assert (row["phone"], shop.rows("contact_tags")) == ("+14155550113", [])
