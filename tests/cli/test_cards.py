"""`connector cards`: deeds by hand, on the same ledger as every other door's."""

from datetime import timedelta

import pytest

from tests.cli.shell import Shell, shell_in
from tests.kit.house import House


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


def test_a_card_issued_by_hand_has_value_a_code_and_says_where_it_is_from(house: House, shell: Shell) -> None:
    card = shell.done("cards", "issue", "glow-spa", "25.00 USD", "--note", "sorry", "--json").json

    assert card["balance"] == house.balance(card["id"]) == 2500
    assert (card["source"], card["origin"]) == ("manual", {"command": "cards issue"})
    assert card["note"] == "sorry"
    assert house.gateway.card_by_code(house.account, card["code"])["id"] == card["id"]


def test_people_see_the_sum_written_out_and_the_code_this_once(shell: Shell) -> None:
    ran = shell.done("cards", "issue", "glow-spa", "25.00", "USD", "--code", "SPRING-2027-GIFT")

    assert "25.00 USD" in ran.out and "SPRING-2027-GIFT" in ran.out
    assert ran.err == "The code is shown this once.\n"


def test_a_card_may_end_after_a_span_and_belong_to_somebody(shell: Shell) -> None:
    words = ("--expires-at", "12 months", "--email", "mia@example.com")

    card = shell.done("cards", "issue", "glow-spa", "25.00 USD", *words, "--json").json

    # The account is in New York: ten in the morning there, this year as next.
    assert card["expires_at"] == "2027-11-20T15:00:00Z"
    assert card["contact_id"].startswith("ct_")


def test_a_card_is_redeemed_by_its_id_or_its_code(house: House, shell: Shell) -> None:
    card = house.issue(2500)

    first = shell.done("cards", "redeem", "glow-spa", card["id"], "5.00 USD", "--json").json
    second = shell.done("cards", "redeem", "glow-spa", card["code"], "1.00", "USD", "--json").json

    assert first["transaction"]["amount"] == -500
    assert second["gift_card"]["balance"] == house.balance(card["id"]) == 1900
    assert second["transaction"]["origin"] == {"command": "cards redeem"}


def test_all_of_a_card_is_taken(house: House, shell: Shell) -> None:
    card = house.issue(2500)

    shell.done("cards", "redeem", "glow-spa", card["id"], "--all")

    assert house.balance(card["id"]) == 0
    house.require_proof()


def test_more_than_there_is_is_refused_with_both_numbers(house: House, shell: Shell) -> None:
    card = house.issue(2500)

    ran = shell("cards", "redeem", "glow-spa", card["id"], "25.01 USD", "--json")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Card {card['id']} has 25.00 USD available, 25.01 asked.\n"
    assert house.balance(card["id"]) == 2500


def test_neither_a_sum_nor_all_is_refused(house: House, shell: Shell) -> None:
    ran = shell("cards", "redeem", "glow-spa", house.issue()["id"])

    assert ran.code == 1
    assert "give an amount" in ran.err


def test_another_account_s_card_is_not_there(house: House, shell: Shell) -> None:
    card = house.issue(2500)

    for words in (
        ("redeem", "other-shop", card["id"], "5.00 USD"),
        ("redeem", "other-shop", card["code"], "5.00 USD"),
        ("show", "other-shop", card["id"]),
        ("show", "other-shop", card["code"]),
        ("balance", "other-shop", card["id"]),
    ):
        assert shell("cards", *words).code == 1, words
    assert house.balance(card["id"]) == 2500


def test_the_same_key_does_it_once_and_gives_the_first_answer_again(house: House, shell: Shell) -> None:
    words = ("cards", "issue", "glow-spa", "25.00 USD", "--expires-at", "1 year", "--idempotency-key", "k1")

    first = shell.done(*words, "--json")
    house.clock.forward(timedelta(minutes=1))
    again = shell.done(*words, "--json")

    assert again.json == first.json
    assert len(house.cards()) == 1
    assert "nothing was done again" in shell.done(*words).err


def test_the_same_key_with_other_words_is_refused(house: House, shell: Shell) -> None:
    shell.done("cards", "issue", "glow-spa", "25.00 USD", "--idempotency-key", "k1")

    ran = shell("cards", "issue", "glow-spa", "26.00 USD", "--idempotency-key", "k1")

    assert ran.code == 1
    assert len(house.cards()) == 1


def test_a_refusal_that_the_key_has_kept_is_a_refusal_again(house: House, shell: Shell) -> None:
    card = house.issue(2500)
    words = ("cards", "redeem", "glow-spa", card["id"], "26.00 USD", "--idempotency-key", "k1")

    first, again = shell(*words), shell(*words)

    assert first.code == again.code == 1
    assert first.err == again.err
    assert again.out == ""


def test_balance_says_what_can_be_spent(house: House, shell: Shell) -> None:
    card = house.issue(2500)

    shown = shell.done("cards", "balance", "glow-spa", card["code"], "--json").json

    assert (shown["balance"], shown["currency"], shown["has_balance"]) == ("25.00", "USD", True)


def test_show_gives_the_card_and_never_its_code(house: House, shell: Shell) -> None:
    card = house.issue(2500)

    by_id = shell.done("cards", "show", "glow-spa", card["id"], "--json").json
    by_code = shell.done("cards", "show", "glow-spa", card["code"], "--json").json

    assert by_id == by_code
    assert by_id["id"] == card["id"] and "code" not in by_id
    assert card["code"] not in shell.done("cards", "show", "glow-spa", card["id"]).out


def test_cards_are_listed_by_page_newest_first(house: House, shell: Shell) -> None:
    cards = [house.issue(2500)["id"] for _ in range(3)]

    page = shell.done("cards", "list", "glow-spa", "--limit", "2", "--json").json
    cursor = page["next_cursor"]
    rest = shell.done("cards", "list", "glow-spa", "--limit", "2", "--cursor", cursor, "--json").json

    assert [card["id"] for card in page["data"] + rest["data"]] == cards[::-1]
    assert rest["next_cursor"] is None
    assert "There are more" in shell.done("cards", "list", "glow-spa", "--limit", "2").err


def test_cards_are_listed_by_what_is_left_on_them(house: House, shell: Shell) -> None:
    house.redeem(house.issue(2500)["id"], 2500)

    words = ("cards", "list", "glow-spa", "--balance-status", "full")

    assert shell.done(*words, "--json").json["data"] == []
    assert shell.done(*words).out == "No card of glow-spa is like that.\n"
    assert shell("cards", "list", "glow-spa", "--balance-status", "plenty").code == 2


def test_no_cards_at_all_name_the_next_command(shell: Shell) -> None:
    out = shell.done("cards", "list", "glow-spa").out

    assert out == "glow-spa has no cards. Next: connector cards issue glow-spa 25.00 USD\n"


def test_a_sum_below_zero_is_a_sum_and_no_option(house: House, shell: Shell) -> None:
    card = house.issue(2500)["id"]

    for words in (["-2.00", "USD"], ["-2.00 USD"]):
        shell.done("cards", "adjust", "glow-spa", card, *words, "--reason", "correction", "--json")
    shell.done("cards", "adjust", "glow-spa", card, "--reason", "other", "--note", "found", "1.00 USD")

    assert house.balance(card) == 2200
    assert shell("cards", "adjust", "glow-spa", card, "1.00 USD", "--reasn", "fraud").code == 2
    assert shell("cards", "adjust", "glow-spa", card, "1.00 USD", "--reason", "because").code == 2
    assert shell("cards", "adjust", "glow-spa", card, "-x", "--reason", "fraud").code == 2
    assert house.balance(card) == 2200


def test_a_card_is_loaded_given_back_to_and_emptied_by_hand(house: House, shell: Shell) -> None:
    card, other = house.issue(2500), house.issue(100)["id"]

    shell.done("cards", "load", "glow-spa", card["id"], "5.00 USD", "--reference", "till 4")
    taken = shell.done("cards", "redeem", "glow-spa", card["id"], "10.00 USD", "--json").json
    back = ("cards", "refund", "glow-spa", card["code"], "--transaction-id", taken["transaction"]["id"])
    shell.done(*back, "4.00 USD")
    shell.done("cards", "transfer", "glow-spa", card["id"], other, "--all")
    expected = ("--expected-balance", "0.00 USD")
    shell.done("cards", "set-balance", "glow-spa", card["id"], "3.00", "USD", *expected)

    assert (house.balance(card["id"]), house.balance(other)) == (300, 2500)
    assert shell("cards", "cash-out", "glow-spa", card["id"]).code == 1
    assert shell("cards", "load", "glow-spa", "5.00 USD").code == 2
    house.require_proof()


def test_points_are_given_to_somebody_who_is_described_or_named(shell: Shell, house: House) -> None:
    person = ("--email", "mia@example.com")

    shell.done("cards", "add-points", "glow-spa", *person, "--points", "100")
    shell.done("cards", "add-points", "glow-spa", "mia@example.com", "--points", "50")
    shell.done("cards", "convert-points", "glow-spa", "mia@example.com", "5.00", "USD", "--points", "120")
    nobody = shell("cards", "add-points", "glow-spa", "--points", "1")

    [card] = house.cards()
    assert card["balance"] == 500
    assert nobody.code == 1


@pytest.mark.parametrize("verb", ["spend-points", "convert-points"])
def test_points_are_taken_from_somebody_who_is_named(shell: Shell, verb: str) -> None:
    ran = shell("cards", verb, "glow-spa", "--points", "1")

    assert (ran.code, ran.out) == (2, "")
    assert "Missing argument 'CONTACT_ID'" in ran.err


def test_a_list_takes_days_and_names_no_spans_that_it_refuses(shell: Shell, house: House) -> None:
    card = house.issue()
    words = ("cards", "list", "glow-spa", "--json", "--created-after")

    assert [one["id"] for one in shell.done(*words, "2026-11-20").json["data"]] == [card["id"]]
    assert shell.done(*words, "2026-11-21").json["data"] == []
    for text in ("yesterday", "12 months"):
        ran = shell(*words, text)
        assert ran.code == 2
        assert "write 2027-01-31 or 2027-01-31T12:00:00Z" in ran.err


def test_a_card_is_extended_to_the_end_of_a_day(shell: Shell) -> None:
    words = ("cards", "issue", "glow-spa", "5.00 USD", "--expires-at", "1 day", "--json")
    card = shell.done(*words).json

    words = ("cards", "extend", "glow-spa", card["id"], "--expires-at", "2027-01-31", "--json")

    assert shell.done(*words).json["gift_card"]["expires_at"] == "2027-02-01T04:59:59Z"
    assert shell("cards", "extend", "glow-spa", card["id"], "--expires-at", "2020-01-01").code == 1


def test_a_movement_is_told_in_short(shell: Shell, house: House) -> None:
    card = house.issue(2500)

    out = shell.done("cards", "redeem", "glow-spa", card["id"], "7.00", "USD").out

    told = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert told["gift_card"] == card["id"]
    assert (told["amount"], told["balance_before"], told["balance"]) == (
        "-7.00 USD",
        "25.00 USD",
        "18.00 USD",
    )
    assert told["last4"] == card["last4"] and told["transaction"].startswith("tr_")
    assert len(told) == 8


def test_a_hold_is_told_in_the_card_s_currency(shell: Shell, house: House) -> None:
    out = shell.done("cards", "hold", "glow-spa", house.issue(2500)["id"], "5.00", "USD").out

    [amount] = [line for line in out.splitlines() if line.startswith("hold.amount")]
    assert amount.endswith(" 5.00 USD")


def test_somebody_s_cards_are_a_table(shell: Shell, house: House) -> None:
    cards = [house.issue(2500, contact={"email": "mia@example.com"}) for _ in range(2)]

    lines = shell.done("cards", "find", "glow-spa", "--contact-id", "mia@example.com").out.splitlines()

    assert lines[-3].split() == ["id", "state", "available", "currency", "last4", "expires_at"]
    assert [line.split()[0] for line in lines[-2:]] == [card["id"] for card in reversed(cards)]
    assert not any(line.startswith("cards.") for line in lines)
