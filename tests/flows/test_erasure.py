"""To erase a person and not their money: nothing that was told of them is found afterwards."""

from pathlib import Path

import pytest

from connector.store import tables
from tests.flows.making import a_house, a_recipe, an_order
from tests.kit.deeds import do, told
from tests.kit.house import BY_HAND, House

MIA = "mia.ash@example.com"
PHONE = "+14155550113"
WORDS = (MIA, PHONE, "Quillfeather", "likes tea", "c-4711")


def test_nothing_that_was_told_of_them_is_left_and_the_money_is(house: House) -> None:
    """Every table is looked through; what is kept of cards, sums and moments is as it was."""
    people = {"email": MIA, "phone": PHONE, "external_id": "c-4711"}
    contact = house.gateway.people.create(
        house.account, BY_HAND, {**people, "last_name": "Quillfeather", "attributes": {"drink": "likes tea"}}
    ).body["id"]
    house.tell(type="order.paid", order_id="o-1", amount="80.00", currency="USD", wish="likes tea", **people)
    own = house.issue(
        2500,
        contact_id=contact,
        recipient={"name": "Quillfeather", "email": MIA},
        message="For Quillfeather",
        note="likes tea",
        sender={"name": "Quillfeather"},
    )
    gift = house.issue(700, recipient={"email": MIA, "name": "Quillfeather"}, message="From Noor")
    house.redeem(own["id"], 500)
    do(house, "add_points", points=40, contact_id=contact)
    before = house.gateway.people.one(house.account, contact)

    house.gateway.people.erase(house.account, BY_HAND, contact)

    kept = {name: house.rows(name) for name in tables.metadata.tables}
    points = [row for row in kept["messages"] if row["type"] == "contact.points_changed"]
    kept["messages"] = [row for row in kept["messages"] if row not in points]
    for word in WORDS:
        assert word not in str(kept), word
        assert word.casefold() not in str(kept["search_words"]), word
    after = house.gateway.people.one(house.account, contact)
    for name in ("id", "spent", "points", "balances", "first_seen_at", "last_redeemed_at", "created_at"):
        assert after[name] == before[name]
    assert house.balance(own["id"]) == 2000
    assert told(house, own["id"])[-1] == told(house, gift["id"])[-1] == "gift_card.updated"
    shown = house.gateway.card(house.account, gift["id"])
    assert (shown["recipient"], shown["message"]) == (None, "From Noor")
    assert house.redeem(own["code"], 2000).status == 200
    house.require_proof()


def test_a_sale_that_is_told_again_finds_nobody_and_makes_somebody_new(house: House) -> None:
    sale = {"type": "order.paid", "order_id": "o-1", "amount": "80.00", "currency": "USD", "email": MIA}
    house.tell(**sale)
    [first] = [one["id"] for one in house.gateway.people.page(house.account, {}).data]
    house.gateway.people.erase(house.account, BY_HAND, first)

    house.tell(**sale)

    [second] = [one["id"] for one in house.gateway.people.page(house.account, {}).data]
    assert first != second


def test_a_long_message_keeps_nobody_on_a_card(house: House) -> None:
    """Only so many words of a card are kept to search for; its recipient is the first of them."""
    long = " ".join(f"wish{number}" for number in range(120))
    mia = house.gateway.people.create(house.account, BY_HAND, {"email": MIA}).body["id"]
    card = house.issue(700, recipient={"email": MIA, "name": "Quillfeather"}, message=long)["id"]
    [found] = house.gateway.list_cards(house.account, {"q": MIA}).data
    assert found["id"] == card

    house.gateway.people.erase(house.account, BY_HAND, mia)

    shown = house.gateway.card(house.account, card)
    assert (shown["recipient"], shown["message"]) == (None, long)


def test_every_address_that_they_had_is_looked_for(house: House) -> None:
    """Also one that came by a merge, and cards that went to their phone alone."""
    people = house.gateway.people
    mia = people.create(house.account, BY_HAND, {"email": MIA, "phone": PHONE}).body["id"]
    other = people.create(house.account, BY_HAND, {"email": "old@example.com"}).body["id"]
    by_old = house.issue(700, recipient={"email": "Old@Example.com", "name": "Quillfeather"})["id"]
    by_phone = house.issue(700, recipient={"phone": "(415) 555-0113", "name": "Quillfeather"})["id"]
    others = house.issue(700, recipient={"phone": "(212) 555-0113", "name": "Noor"})["id"]
    people.merge(house.account, BY_HAND, other, mia)

    people.erase(house.account, BY_HAND, mia)

    shown = [house.gateway.card(house.account, card)["recipient"] for card in (by_old, by_phone, others)]
    assert shown == [None, None, {"phone": "(212) 555-0113", "name": "Noor"}]
    for word in ("Quillfeather", "old@example.com", "Old@Example.com", MIA, "(415) 555-0113"):
        assert word not in house.everything(), word


@pytest.mark.parametrize("is_merged", [False, True])
def test_what_was_told_of_a_card_while_it_was_theirs_names_them_no_more(
    house: House, is_merged: bool
) -> None:
    people = house.gateway.people
    mia = people.create(house.account, BY_HAND, {"email": MIA, "last_name": "Quillfeather"}).body["id"]
    noor = people.create(house.account, BY_HAND, {"email": "noor@example.com"}).body["id"]
    card = house.issue(700, contact_id=mia, message="For Quillfeather")["id"]
    do(house, "update", card=card, contact_id=noor, message="Dear Noor")
    if is_merged:
        kept = people.create(house.account, BY_HAND, {"external_id": "c-1"}).body["id"]
        people.merge(house.account, BY_HAND, mia, kept)
    else:
        kept = mia

    people.erase(house.account, BY_HAND, kept)

    bodies = [bytes(row["body"]).decode() for row in house.rows("messages")]
    assert all("Quillfeather" not in body and MIA not in body for body in bodies)
    assert "Dear Noor" in bodies[-1] and "noor@example.com" in bodies[-1]
    assert house.gateway.card(house.account, card)["message"] == "Dear Noor"


def test_what_recipes_know_again_tells_of_nobody(sqlite_url: str, tmp_path: Path) -> None:
    """Of values of `once_per`, `same` and `same_as` a digest is kept, and it still holds."""
    clauses = (
        "\nonce_per: event.contact.email\nundo: {on: order.refunded, same: event.contact.email}"
        "\nsame_as: {subject: event.contact.phone, within: 2 hours}\ntests:"
    )
    given = f"order: {{id: o1}}, contact: {{email: {MIA}, phone: '{PHONE}'}}"
    text = a_recipe("thanks", given=given).replace("\ntests:", clauses, 1)
    with a_house(tmp_path, sqlite_url, text) as house:
        order = an_order(email=MIA, phone=PHONE)
        assert house.tell(**order).body["runs"][0]["outcome"] == "done"
        house.tell(**{**order, "type": "order.refunded", "email": "zoe@example.com", "phone": ""}, id="r-1")
        [mia] = [row["public_id"] for row in house.rows("contacts") if row["email"] == MIA]

        house.gateway.people.erase(house.account, BY_HAND, mia)

        for table in ("once_taken", "undoable_runs", "early_undos", "sightings"):
            kept = house.rows(table)
            assert kept and MIA not in str(kept) and PHONE not in str(kept), table
        [again] = house.tell(**an_order("o-2", email=MIA, phone=PHONE)).body["runs"]
        assert again["outcome"] == "already_done"
