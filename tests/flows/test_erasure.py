"""To erase a person and not their money: nothing that was told of them is found afterwards."""

from connector.store import tables
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
