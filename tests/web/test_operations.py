"""Deeds by REST and by action: what is sent is done once, or refused with the field's name."""

from typing import Any

import pytest

from connector.domain.money import MAX_MINOR
from connector.flows.gateway import Gateway
from connector.operations.registry import operations
from connector.web.calls import rule_of
from tests.kit.house import OTHER, House, open_house
from tests.web.door import MAX_BODY_BYTES, Door, door_of, refusal, wrong_fields

CARDS = "/v1/gift-cards"
ISSUE = "/v1/actions/issue-gift-card"
REDEEM = "/v1/actions/redeem-gift-card"
CHECK = "/v1/actions/check-balance"


@pytest.fixture
def key(door: Door) -> str:
    return door.house.key("cards:read", "cards:write")


@pytest.fixture
def quick_key(quick_door: Door) -> str:
    return quick_door.house.key("cards:read", "cards:write")


def redeem_path(card: str) -> str:
    return f"{CARDS}/{card}/redeem"


def test_a_card_is_issued_and_its_code_shown_this_once(door: Door, key: str) -> None:
    """S000-02, S000-03, S000-05, S000-06: an end of its own, and without one none.

    S004-01, S004-11, S004-14, S004-16, S004-17, S004-19, S004-36, S004-38: code and page in the answer.
    """
    answer = door.post(
        CARDS,
        key=key,
        body={
            "amount": 2500,
            "currency": "USD",
            "contact": {"email": "Mia@Example.com", "first_name": "Mia"},
            "recipient": {"name": "Zoë", "email": "zoe@example.com"},
            "message": "Für Zoë 🎁 <b>\u202e",
            "sender": {"name": "Otto"},
            "expires_at": "2027-11-20T10:00:00-05:00",
            "metadata": {"order": 7, "rate": [1, None]},
        },
    )

    assert answer.status_code == 201, answer.text
    card = answer.get_json()
    assert (card["initial_amount"], card["balance"], card["currency"]) == (2500, 2500, "USD")
    assert card["code"] and card["source"] == "api"
    assert card["origin"] == {"key_id": card["origin"]["key_id"]}
    assert card["origin"]["key_id"].startswith("key_")
    assert (card["message"], card["metadata"]) == ("Für Zoë 🎁 <b>\u202e", {"order": 7, "rate": [1, None]})
    assert card["expires_at"] == "2027-11-20T15:00:00Z"
    assert card["recipient"] == {"name": "Zoë", "email": "zoe@example.com"}
    assert card["sender"] == {"name": "Otto"}
    contact = door.house.rows("contacts", public_id=card["contact_id"])
    assert [one["email"] for one in contact] == ["mia@example.com"]
    assert door.post(CARDS, key=key, body={"amount": 1}).get_json()["expires_at"] is None
    shown = door.get(f"{CARDS}/{card['id']}", key=key).get_json()
    assert card["url"].startswith("https://gifts.example.com/c/"), (
        "it shows the code, so it is told beside it"
    )
    assert shown == {name: value for name, value in {**card, "url": None}.items() if name != "code"}
    door.house.require_proof()


def test_a_redemption_answers_with_the_card_and_the_transaction(door: Door, key: str) -> None:
    card = door.house.issue(2500)

    answer = door.post(redeem_path(card["id"]), key=key, body={"amount": 1500, "reference": "till-7"})

    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert set(told) == {"gift_card", "transaction"}
    assert told["gift_card"]["balance"] == 1000
    assert (told["transaction"]["amount"], told["transaction"]["reference"]) == (-1500, "till-7")
    assert door.house.balance(card["id"]) == 1000
    door.house.require_proof()


def test_a_card_is_marked_as_redeemed_whole(quick_door: Door, quick_key: str) -> None:
    """S000-10: all that remains, in one transfer."""
    card = quick_door.house.issue(2500)
    quick_door.house.redeem(card["id"], 700)

    told = quick_door.post(redeem_path(card["id"]), key=quick_key, body={"all": True}).get_json()

    assert (told["transaction"]["amount"], told["transaction"]["balance_after"]) == (-1800, 0)
    assert (told["gift_card"]["state"], told["gift_card"]["balance"]) == ("depleted", 0)


def test_more_than_there_is_is_refused_in_the_contracts_words(door: Door, key: str) -> None:
    card = door.house.issue(1500)

    answer = door.post(redeem_path(card["id"]), key=key, body={"amount": 2500})

    assert refusal(answer) == (409, "insufficient_balance")
    assert answer.get_json(force=True)["detail"] == (f"Card {card['id']} has 1500 USD available, 2500 asked.")
    assert door.house.balance(card["id"]) == 1500


@pytest.mark.parametrize(
    "body",
    [{}, {"amount": 1, "all": True}, {"amount": 0}, {"amount": -1}, {"amount": MAX_MINOR, "all": True}],
)
def test_how_much_is_said_exactly_once(quick_door: Door, quick_key: str, body: dict[str, Any]) -> None:
    card = quick_door.house.issue(1500)

    answer = quick_door.post(redeem_path(card["id"]), key=quick_key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert "amount" in wrong_fields(answer)


def test_no_body_at_all_is_told_what_is_missing(quick_door: Door, quick_key: str) -> None:
    card = quick_door.house.issue(1500)

    assert refusal(quick_door.post(redeem_path(card["id"]), key=quick_key)) == (422, "validation_failed")
    assert refusal(quick_door.post(CARDS, key=quick_key)) == (415, "wrong_content_type")


def test_the_card_in_the_path_counts_and_not_one_in_the_body(quick_door: Door, quick_key: str) -> None:
    card, other = quick_door.house.issue(1500), quick_door.house.issue(9_000)

    answer = quick_door.post(redeem_path(card["id"]), key=quick_key, body={"amount": 1, "card": other["id"]})

    assert refusal(answer) == (422, "validation_failed")
    assert "card" in wrong_fields(answer)


def test_a_code_in_a_url_finds_nothing(quick_door: Door, quick_key: str) -> None:
    card = quick_door.house.issue(1500)

    answer = quick_door.post(redeem_path(card["code"]), key=quick_key, body={"amount": 1})

    assert refusal(answer) == (404, "not_found")


STRANGE_AMOUNTS = [
    *(b"true", b"[]", b"{}", b"null", b'"2500"', b"0.1", b"19.99", b"25.00", b"1e3", b"0", b"-1", b"-0"),
    *(b"9223372036854775808", b"-9223372036854775809", b"1" + b"0" * 60, str(MAX_MINOR + 1).encode()),
]
STRANGE_CURRENCIES = [b'"usd"', b'"USDX"', b'""', b"null", b'"XXX"', '"ＵSD"'.encode(), b"1", b"[]"]
STRANGE_BODIES = [
    *(
        b" ",
        b"not json",
        b'{"amount": 1',
        b'{"amount": 1,}',
        b"{'amount': 1}",
        b'/**/{"amount": 1}',
    ),
    *(b'{"amount":1,"amount":100000}', b'{"amount": NaN}', b'{"amount": Infinity}'),
    *(b'{"amount": -Infinity}', b'{"amount": ' + b"9" * 4_300 + b"}", b'{"amount": ' + b"9" * 4_301 + b"}"),
    *(b'{"amount": 1e9999999}', b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", b'{"' + b"k" * 9_000 + b'": 1}'),
    *(
        b'{"amount": 1, "note": "\\u0000"}',
        b'{"amount": 1, "note": "\\ud800"}',
        b'{"amount": 1, "note": "\x00"}',
    ),
    *('{"amount": 1}'.encode(encoding) for encoding in ("utf-16", "utf-32", "utf-16-le", "utf-8-sig")),
    *(b'\xff{"amount": 1}', b'{"amount": 1}{"amount": 2}', b'{"amount": 1, "note": "a\nb"}'),
]


def test_a_strange_amount_or_currency_is_422_and_no_card(quick_door: Door, quick_key: str) -> None:
    bodies = [b'{"amount": ' + amount + b"}" for amount in STRANGE_AMOUNTS]
    bodies += [b'{"amount": 2500, "currency": ' + currency + b"}" for currency in STRANGE_CURRENCIES]

    for raw in bodies:
        answer = quick_door.post(CARDS, key=quick_key, raw=raw)
        assert refusal(answer) == (422, "validation_failed"), raw
        assert set(wrong_fields(answer)) <= {"amount", "currency"}, raw
    assert quick_door.house.cards() == []


def test_a_strange_amount_takes_nothing_off_a_card(quick_door: Door, quick_key: str) -> None:
    card = quick_door.house.issue(2500)

    for amount in STRANGE_AMOUNTS:
        answer = quick_door.post(redeem_path(card["id"]), key=quick_key, raw=b'{"amount": ' + amount + b"}")
        assert refusal(answer) == (422, "validation_failed"), amount
    assert quick_door.house.balance(card["id"]) == 2500


@pytest.mark.parametrize("path", [CARDS, ISSUE, REDEEM])
def test_a_body_that_is_no_json_of_ours_is_400(quick_door: Door, quick_key: str, path: str) -> None:
    for raw in STRANGE_BODIES:
        answer = quick_door.post(path, key=quick_key, raw=raw)
        assert refusal(answer) == (400, "bad_json"), raw[:40]
    assert quick_door.house.cards() == []


@pytest.mark.parametrize("path", [CARDS, ISSUE, REDEEM])
def test_json_that_is_no_object_is_422(quick_door: Door, quick_key: str, path: str) -> None:
    """400 is for what is not JSON."""
    for raw in (b"[]", b'[{"amount": 1}]', b"1", b"1.5", b"null", b"true", b'"a"'):
        answer = quick_door.post(path, key=quick_key, raw=raw)
        assert refusal(answer) == (422, "validation_failed"), raw
        assert "must be a JSON object" in answer.get_json(force=True)["detail"]
    assert quick_door.house.cards() == []


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        ("application/x-www-form-urlencoded", b"amount=2500"),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(5_000))),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
        ),
        ("multipart/form-data; boundary=application/json", b'{"amount": 2500}'),
        ("text/plain", b'{"amount": 2500}'),
        ("", b'{"amount": 2500}'),
        ("application/json; charset=utf-7", b'{"amount": 2500}'),
        ("application/json; charset=nope", b'{"amount": 2500}'),
    ],
)
def test_another_content_type_is_415(quick_door: Door, quick_key: str, content_type: str, raw: bytes) -> None:
    answer = quick_door.post(CARDS, key=quick_key, raw=raw, content_type=content_type)

    assert refusal(answer) == (415, "wrong_content_type")
    assert quick_door.house.cards() == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "nonsense"])
def test_a_compressed_body_is_415(quick_door: Door, quick_key: str, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}

    answer = quick_door.post(CARDS, key=quick_key, body={"amount": 2500}, headers=headers)

    assert refusal(answer) == (415, "wrong_content_type")


def test_a_body_over_the_limit_is_413(quick_door: Door, quick_key: str) -> None:
    answer = quick_door.post(CARDS, key=quick_key, raw=b" " * (MAX_BODY_BYTES + 1))

    assert refusal(answer) == (413, "body_too_large")


@pytest.mark.parametrize("path", [CARDS, ISSUE])
def test_what_only_we_may_say_of_a_card_is_refused(quick_door: Door, quick_key: str, path: str) -> None:
    amount = {CARDS: 2500, ISSUE: "25.00"}[path]
    ours = (
        "id",
        "account",
        "account_id",
        "tenant",
        "balance",
        "held",
        "state",
        "status",
        "created_at",
        "source",
    )

    for name in (*ours, "origin", "last4", "initial_amount", "transfer_count", "head_hash", "__class__"):
        answer = quick_door.post(path, key=quick_key, body={"amount": amount, name: 1})
        assert refusal(answer) == (422, "validation_failed")
        assert set(wrong_fields(answer)) == {name}
    assert quick_door.house.cards() == []


def test_every_wrong_field_is_named_at_once_with_the_nearest_right_one(
    quick_door: Door, quick_key: str
) -> None:
    answer = quick_door.post(
        CARDS,
        key=quick_key,
        body={
            "amount": "25.00",
            "curency": "USD",
            "expires_at": 1_681_963_200_000,
            "metadata": [],
            "kind": "x",
        },
    )

    assert refusal(answer) == (422, "validation_failed")
    told = wrong_fields(answer)
    assert list(told) == ["amount", "curency", "expires_at", "kind", "metadata"]
    assert "did you mean currency?" in told["curency"]
    assert "promotional" in told["kind"]


def test_other_accounts_cards_are_as_none_at_all(door: Door) -> None:
    card = door.house.issue(2500)
    theirs = door.house.key("admin", account=OTHER)
    nobody = "gc_" + "0" * 26

    for mine, none in (
        (redeem_path(card["id"]), redeem_path(nobody)),
        (f"{CARDS}/{card['id']}", f"{CARDS}/{nobody}"),
    ):
        method = "POST" if mine.endswith("redeem") else "GET"
        body = {"amount": 1} if method == "POST" else None
        answers = [door.call(method, path, key=theirs, body=body) for path in (mine, none)]
        assert [refusal(answer) for answer in answers] == [(404, "not_found")] * 2
        first, second = ({**answer.get_json(force=True), "request_id": ""} for answer in answers)
        assert first == second
    by_code = [
        door.post(REDEEM, key=theirs, body={"code": code, "amount": "1.00"})
        for code in (card["code"], "AAAA-AAAA-AAAA")
    ]
    assert [refusal(answer) for answer in by_code] == [(404, "not_found")] * 2
    assert door.house.balance(card["id"]) == 2500


def test_the_same_key_and_body_gives_the_first_answer_again(door: Door, key: str) -> None:
    """S004-42, S004-43."""
    headers = {"Idempotency-Key": "order-7"}

    first, again = (door.post(CARDS, key=key, body={"amount": 2500}, headers=headers) for _ in "ab")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert first.get_json()["code"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    assert len(door.house.cards()) == 1


def test_a_refusal_is_kept_under_its_key_too(door: Door, key: str) -> None:
    card = door.house.issue(1000)
    headers = {"Idempotency-Key": "till-1"}

    first = door.post(redeem_path(card["id"]), key=key, body={"amount": 1001}, headers=headers)
    door.house.redeem(card["id"], 500)
    again = door.post(redeem_path(card["id"]), key=key, body={"amount": 1001}, headers=headers)

    assert refusal(first) == refusal(again) == (409, "insufficient_balance")
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    one, other = ({**answer.get_json(force=True), "request_id": ""} for answer in (first, again))
    assert one == other


def test_a_key_with_another_request_is_refused_and_does_nothing(door: Door, key: str) -> None:
    card = door.house.issue(2500)
    headers = {"Idempotency-Key": "k"}
    first = door.post(CARDS, key=key, body={"amount": 100}, headers=headers)
    assert first.status_code == 201

    others = [
        door.post(CARDS, key=key, body={"amount": 101}, headers=headers),
        door.post(CARDS, key=key, raw=b'{"amount":  100}', headers=headers),
        door.post(redeem_path(card["id"]), key=key, body={"amount": 100}, headers=headers),
        door.post(ISSUE, key=key, body={"amount": "1.00"}, headers=headers),
    ]

    assert [refusal(answer) for answer in others] == [(422, "idempotency_key_reused")] * 4
    assert all(first.get_json()["code"] not in answer.text for answer in others)
    assert len(door.house.cards()) == 2
    assert door.house.balance(card["id"]) == 2500


def test_another_accounts_key_is_its_own(door: Door, key: str) -> None:
    headers = {"Idempotency-Key": "the-same"}
    mine = door.post(CARDS, key=key, body={"amount": 100}, headers=headers)
    theirs = door.post(
        CARDS, key=door.house.key("admin", account=OTHER), body={"amount": 100}, headers=headers
    )

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in theirs.headers
    assert mine.get_json()["id"] != theirs.get_json()["id"]


@pytest.mark.parametrize("written", ["a", "a" * 255, '"quoted"', "!~", "7f9c24e5-0f2b"])
def test_a_key_is_visible_ascii(quick_door: Door, quick_key: str, written: str) -> None:
    headers = {"Idempotency-Key": written}

    assert quick_door.post(CARDS, key=quick_key, body={"amount": 1}, headers=headers).status_code == 201


@pytest.mark.parametrize("written", ["", " ", "a b", "a" * 256, "é", "a\x00b", "a\x7f", "k1, k2", "\xff"])
def test_what_is_no_key_is_400_wherever_it_comes(quick_door: Door, quick_key: str, written: str) -> None:
    for path, body in (
        (CARDS, {"amount": 1}),
        (ISSUE, {"amount": "1.00"}),
        (f"{CARDS}/lookup", {"code": "A"}),
    ):
        answer = quick_door.client.post(
            path,
            json=body,
            headers={"Authorization": f"Bearer {quick_key}"},
            environ_overrides={"HTTP_IDEMPOTENCY_KEY": written},
        )
        assert refusal(answer) == (400, "bad_request")
        assert set(wrong_fields(answer)) == {"Idempotency-Key"}
    assert quick_door.house.cards() == []


def test_an_action_issues_a_card_for_somebody_by_e_mail(door: Door, key: str) -> None:
    answer = door.post(
        ISSUE, key=key, body={"amount": "25.00", "email": "mia@example.com", "first_name": "Mia"}
    )

    assert answer.status_code == 201, answer.text
    card = answer.get_json()
    assert (card["balance"], card["currency"], card["gift_card"]["source"]) == ("25.00", "USD", "action")
    assert card["contact_id"].startswith("ct_")
    again = door.post(ISSUE, key=key, body={"amount": "5.00", "email": "MIA@example.com"}).get_json()
    assert again["contact_id"] == card["contact_id"]


def test_an_action_says_what_somebody_can_spend(door: Door, key: str) -> None:
    for amount in ("25.00", "5.00"):
        door.post(ISSUE, key=key, body={"amount": amount, "email": "mia@example.com"})

    known = door.post(CHECK, key=key, body={"email": "mia@example.com"})
    nobody = door.post(CHECK, key=key, body={"email": "zoe@example.com"})

    assert (known.status_code, known.get_json()["available"]) == (200, "30.00")
    assert (nobody.status_code, nobody.get_json()["available"]) == (200, "0.00")


def test_an_action_redeems_by_code_and_says_the_balance(door: Door, key: str) -> None:
    card = door.house.issue(2500)

    taken = door.post(REDEEM, key=key, body={"code": card["code"].lower(), "amount": "10.50"})
    left = door.post(CHECK, key=key, body={"card": card["id"]})

    assert taken.status_code == 200, taken.text
    assert taken.get_json()["balance"] == "14.50"
    assert taken.get_json()["gift_card"]["balance"] == 1450
    assert left.get_json() == {
        "balance": "14.50",
        "available": "14.50",
        "currency": "USD",
        "state": "active",
        "has_balance": True,
        "balances": [{"amount": "14.50", "currency": "USD"}],
    }


def test_an_action_names_a_currency_that_the_card_must_have(quick_door: Door, quick_key: str) -> None:
    card = quick_door.house.issue(2500, currency="EUR")

    body = {"card": card["id"], "amount": "1.00", "currency": "USD"}
    answer = quick_door.post(REDEEM, key=quick_key, body=body)

    assert refusal(answer) == (409, "currency_mismatch")
    assert quick_door.house.balance(card["id"]) == 2500


def test_a_wrong_field_of_an_action_is_named(quick_door: Door, quick_key: str) -> None:
    answer = quick_door.post(ISSUE, key=quick_key, body={"amount": True, "emial": "mia@example.com"})

    assert refusal(answer) == (422, "validation_failed")
    assert list(wrong_fields(answer)) == ["amount", "emial"]
    assert "did you mean email?" in wrong_fields(answer)["emial"]


def test_every_operation_with_a_face_has_its_route(quick_door: Door) -> None:
    rules = {rule.rule for rule in quick_door.client.application.url_map.iter_rules()}

    for operation in operations().values():
        if operation.rest_path is not None:
            assert rule_of("/v1" + operation.rest_path) in rules
        if operation.action is not None:
            assert f"/v1/actions/{operation.action}" in rules


def test_a_place_in_a_path_that_nobody_knows_stops_the_start() -> None:
    with pytest.raises(KeyError):
        rule_of("/{moon}/redeem")


def test_a_bug_inside_a_deed_is_a_500_that_tells_and_changes_nothing(
    sqlite_url: str, tmp_path: Any, sqlite_house: House
) -> None:
    def fail(point: str) -> None:
        if point == "redeem.card_read":
            raise ZeroDivisionError("a card's code")

    card = sqlite_house.issue(2500)
    broken = open_house(tmp_path, sqlite_url, pause=fail)
    gateway: Gateway = broken.gateway
    headers = {"Idempotency-Key": "k"}
    body = {"amount": 100}
    key = sqlite_house.key("cards:write")

    answer = door_of(sqlite_house, gateway).post(redeem_path(card["id"]), key=key, body=body, headers=headers)

    assert refusal(answer) == (500, "internal")
    assert "code" not in answer.get_json(force=True)["detail"]
    assert sqlite_house.balance(card["id"]) == 2500
    mended = door_of(sqlite_house).post(redeem_path(card["id"]), key=key, body=body, headers=headers)
    assert (mended.status_code, sqlite_house.balance(card["id"])) == (200, 2400)
    gateway.close()


def test_every_movement_answers_with_the_card_and_the_transaction(door: Door, key: str) -> None:
    card, other = door.house.issue(2500)["id"], door.house.issue(100)
    taken = door.house.redeem(card, 1000).body["transaction"]["id"]

    for deed, body, amount in (
        ("load", {"amount": 500, "reference": "till 4"}, 500),
        ("adjust", {"amount": -200, "reason": "fraud"}, -200),
        ("adjust", {"amount": 50, "reason": "other", "note": "found"}, 50),
        ("set-balance", {"balance": 2000, "expected_balance": 1850, "reason": "correction"}, 150),
        ("refund", {"transaction_id": taken, "amount": 400}, 400),
        ("refund", {"transaction_id": taken}, 600),
        ("transfer", {"to": other["id"], "amount": 100}, -100),
        ("transfer", {"to": other["code"], "all": True}, -2900),
    ):
        answer = door.post(f"{CARDS}/{card}/{deed}", key=key, body=body)
        assert answer.status_code == 200, answer.text
        told = answer.get_json()
        assert told["transaction"]["amount"] == amount
        assert told["transaction"]["balance_after"] == told["gift_card"]["balance"]
        assert ("to_gift_card" in told) == (deed == "transfer")
    same = door.post(f"{CARDS}/{card}/set-balance", key=key, body={"balance": 0})
    assert (same.status_code, same.get_json()["transaction"]) == (200, None)
    assert door.house.balance(other["id"]) == 3100
    door.house.require_proof()


@pytest.mark.parametrize(
    ("deed", "body", "status", "code"),
    [
        ("load", {"amount": 0}, 422, "validation_failed"),
        ("load", {"amount": 1, "contact_id": "mia@example.com"}, 422, "validation_failed"),
        ("load", {"amount": 1, "balance": 9}, 422, "validation_failed"),
        ("load", {"amount": 1, "currency": "EUR"}, 409, "currency_mismatch"),
        ("adjust", {"amount": 1}, 422, "validation_failed"),
        ("adjust", {"amount": 1.5, "reason": "fraud"}, 422, "validation_failed"),
        ("adjust", {"amount": True, "reason": "fraud"}, 422, "validation_failed"),
        ("adjust", {"amount": -2501, "reason": "fraud"}, 409, "insufficient_balance"),
        ("set-balance", {"balance": None}, 422, "validation_failed"),
        ("set-balance", {"balance": 1, "expected_balance": 1}, 409, "balance_changed"),
        ("refund", {"transaction_id": "tr_none"}, 404, "not_found"),
        ("refund", {"amount": 1}, 422, "validation_failed"),
        ("transfer", {"to": "no-such-code", "amount": 1}, 404, "not_found"),
        ("transfer", {"amount": 1}, 422, "validation_failed"),
        ("cash-out", {}, 409, "cash_out_not_allowed"),
        ("cash-out", {"amount": 1}, 422, "validation_failed"),
    ],
)
def test_a_movement_that_is_wrong_is_refused_in_the_contracts_words(
    quick_door: Door, quick_key: str, deed: str, body: dict[str, Any], status: int, code: str
) -> None:
    card = quick_door.house.issue(2500)["id"]

    answer = quick_door.post(f"{CARDS}/{card}/{deed}", key=quick_key, body=body)

    assert refusal(answer) == (status, code), answer.text
    assert quick_door.house.balance(card) == 2500


def test_an_action_loads_somebodys_card_or_makes_one_and_shows_its_code(door: Door, key: str) -> None:
    load = "/v1/actions/load-gift-card"
    body = {"email": "mia@example.com", "amount": "5.00"}

    made = door.post(load, key=key, body={**body, "amount": "25.00"}).get_json()
    first = door.post(load, key=key, body=body).get_json()
    sold = door.post(load, key=key, body={**body, "kind": "paid"}).get_json()

    assert made["code"]
    assert (first["gift_card"]["balance"], "code" in first) == (3000, False)
    assert (sold["gift_card"]["balance"], sold["gift_card"]["kind"]) == (500, "paid")
    assert door.post(CHECK, key=key, body={"code": sold["code"]}).get_json()["balance"] == "5.00"
    door.house.require_proof()


def test_an_action_adjusts_a_balance_up_and_down(door: Door, key: str) -> None:
    card = door.house.issue(2500)
    adjust = "/v1/actions/adjust-balance"

    for amount, balance in (("-2.00", 2300), ("0.50", 2350)):
        body = {"code": card["code"], "amount": amount, "reason": "correction"}
        assert door.post(adjust, key=key, body=body).get_json()["gift_card"]["balance"] == balance


def test_an_actions_sum_without_a_currency_is_in_the_cards_own(quick_door: Door, quick_key: str) -> None:
    """The account counts in dollars, the card in yen: 10 takes ten yen, by id and by code."""
    made = quick_door.post(CARDS, key=quick_key, body={"amount": 1000, "currency": "JPY"}).json
    assert made is not None

    for named in ({"card": made["id"]}, {"code": made["code"]}):
        assert quick_door.post(REDEEM, key=quick_key, body={**named, "amount": "10"}).status_code == 200
    too_fine = quick_door.post(REDEEM, key=quick_key, body={"card": made["id"], "amount": "10.50"})

    assert "amount" in wrong_fields(too_fine)
    left = quick_door.get(f"{CARDS}/{made['id']}", key=quick_key).json
    assert left is not None and left["balance"] == 980


def test_another_key_s_repetition_shows_no_code(door: Door) -> None:
    """T33."""
    first, second = door.house.key("cards:write"), door.house.key("cards:write")
    how: dict[str, Any] = {"body": {"amount": 2500}, "headers": {"Idempotency-Key": "till-1"}}

    made = door.post("/v1/gift-cards", key=first, **how).get_json()
    theirs = door.post("/v1/gift-cards", key=second, **how)

    assert theirs.headers["Idempotent-Replayed"] == "true"
    assert (made["code"] is not None, theirs.get_json()) == (True, {**made, "code": None, "url": None})
