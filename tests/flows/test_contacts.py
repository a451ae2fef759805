"""Contacts as the gateway offers them: once under a key, noted in the audit trail, merged by no machine."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import Conflict, ContactErased, IdentityTaken, NotFound
from connector.flows.contacts import People
from connector.flows.perform import Answered, Idempotency
from tests.kit.crowd import PATIENCE_S, Crowd, at_once
from tests.kit.databases import PostgresMaker
from tests.kit.deeds import do
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.pauses import Gate, Pauses

MIA = "mia@example.com"


def make(house: House, key: Idempotency | None = None, **told: Any) -> dict[str, Any]:
    return dict(house.gateway.people.create(house.account, BY_HAND, told, key).body)


def acts(house: House, contact: str) -> list[tuple[str, Any]]:
    return [(row["act"], row["details"]) for row in house.rows("audit", subject=contact)]


def test_made_by_many_at_once_there_is_one(house: House) -> None:
    ended = at_once([partial(make, house, email=MIA)] * 8)

    assert sum(one.is_done for one in ended) == 1
    assert {type(one.error) for one in ended if not one.is_done} == {IdentityTaken}
    assert len(house.rows("contacts")) == 1


def test_found_or_made_by_many_at_once_they_are_all_told_of_one(house: House) -> None:
    people = house.gateway.people
    call = partial(people.create, house.account, BY_HAND, {"email": MIA}, find_or_create=True)

    ended = at_once([call] * 8)

    assert sorted(one.value.status for one in ended) == [200] * 7 + [201]
    assert len({one.value.body["id"] for one in ended}) == 1


def test_each_change_is_noted_by_fields_and_never_by_what_was_told(house: House) -> None:
    people: People = house.gateway.people
    mia = make(house, email=MIA, first_name="Mia")["id"]
    other = make(house, external_id="7", tags=["a"], external_ids={"till": "x"})["id"]
    people.update(house.account, BY_HAND, mia, {"phone": "+14155550113", "add_tags": ["b"]})
    people.merge(house.account, BY_HAND, mia, other)
    people.erase(house.account, BY_HAND, mia)

    assert acts(house, mia) == [
        ("create_contact", {"fields": ["first_name"]}),
        ("update_contact", {"fields": ["phone", "tags"]}),
        ("merge_contacts", {"from": other}),
        ("erase_contact", None),
    ]
    assert acts(house, other) == [("create_contact", {"fields": ["external_ids", "tags"]})]
    assert {row["source"] for row in house.rows("audit")} == {"api"}
    assert "Mia" not in str(house.rows("audit"))


def test_known_by_a_platforms_id_alone_they_are_who_the_platform_tells_of(house: House) -> None:
    made = make(house, external_ids={"standard": ["c-9"]})

    house.tell(type="booking.completed", external_id="c-9", booking_id="b-1")

    told = house.gateway.people.one(house.account, made["id"])
    assert (told["visits"], told["external_id"], told["external_ids"]) == (1, None, {"standard": ["c-9"]})


def test_a_merge_moves_what_was_told_and_nothing_is_counted_twice(house: House) -> None:
    sale = {"type": "order.paid", "order_id": "o-1", "amount": "80.00", "currency": "USD"}
    house.tell(**sale, email=MIA, occurred_at="2026-11-20T14:00:00Z")
    house.tell(**sale, external_id="7", occurred_at="2026-11-20T14:01:00Z")
    house.tell(type="booking.completed", external_id="7", booking_id="b-1")
    people: People = house.gateway.people
    [by_id, by_email] = [one["id"] for one in people.page(house.account, {}).data]

    merged: Answered = people.merge(house.account, BY_HAND, by_email, by_id)

    assert merged.body["spent"] == [{"amount": 8000, "currency": "USD"}]
    assert merged.body["visits"] == 1
    house.tell(**sale, external_id="7", occurred_at="2026-11-20T14:02:00Z")
    assert people.one(house.account, by_email)["spent"] == [{"amount": 8000, "currency": "USD"}]
    assert {row["contact_id"] for row in house.rows("events")} == {house.rows("events")[0]["contact_id"]}


def test_merged_both_ways_at_once_they_are_one(house: House) -> None:
    people: People = house.gateway.people
    mia, other = make(house, email=MIA)["id"], make(house, external_id="7")["id"]
    do(house, "add_points", points=5, contact_id=mia)

    ended = at_once(
        [
            partial(people.merge, house.account, BY_HAND, mia, other),
            partial(people.merge, house.account, BY_HAND, other, mia),
        ]
    )

    assert any(one.is_done for one in ended)
    shown = [people.one(house.account, one) for one in (mia, other)]
    assert shown[0] == shown[1]
    assert (shown[0]["points"], shown[0]["external_id"], shown[0]["email"]) == (5, "7", MIA)


def test_who_was_merged_while_being_erased_is_not_said_to_be_gone(
    postgres_maker: PostgresMaker, tmp_path: Path
) -> None:
    """On SQLite the second waits for the first from the start; here it comes between finding and holding."""
    pauses, gate = Pauses(), Gate()
    with postgres_maker.fresh(tmp_path) as url:
        house = open_house(tmp_path, url, pause=pauses)
        people: People = house.gateway.people
        mia, other = make(house, email=MIA)["id"], make(house, external_id="7")["id"]
        pauses.at("contacts.found", gate)
        erasing = Crowd([partial(people.erase, house.account, BY_HAND, other)])
        assert gate.reached.wait(PATIENCE_S)

        people.merge(house.account, BY_HAND, mia, other)
        gate.open()

        [ended] = erasing.wait()
        assert isinstance(ended.error, Conflict)
        assert people.one(house.account, other)["email"] == MIA
        house.gateway.close()


def test_a_deed_under_a_key_is_done_once(house: House) -> None:
    key = Idempotency("k", "POST", "/v1/contacts", b"{}")

    assert make(house, key, email=MIA) == make(house, key, email=MIA)

    assert len(house.rows("contacts")) == 1


def test_who_is_not_there_is_not_found(shop: House) -> None:
    people: People = shop.gateway.people
    nobody = "ct_" + "0" * 26
    for call in (
        partial(people.one, shop.account, nobody),
        partial(people.points, shop.account, nobody, {}),
        partial(people.update, shop.account, BY_HAND, nobody, {}),
        partial(people.merge, shop.account, BY_HAND, nobody, nobody),
        partial(people.erase, shop.account, BY_HAND, nobody),
    ):
        with pytest.raises(NotFound):
            call()


def test_who_is_erased_is_not_changed_any_more(shop: House) -> None:
    people: People = shop.gateway.people
    mia = make(shop, email=MIA)["id"]
    people.erase(shop.account, BY_HAND, mia)

    with pytest.raises(ContactErased):
        people.update(shop.account, BY_HAND, mia, {"email": MIA})
    with pytest.raises(ContactErased):
        people.merge(shop.account, BY_HAND, make(shop, email=MIA)["id"], mia)


def test_nothing_that_people_write_is_kept_with_a_payment_cards_number(house: House) -> None:
    """T69: wherever it is written, it is gone before anything is stored."""
    number, gateway = "4242424242424242", house.gateway
    options = {"type": "type", "event_types": {f"till {number}": "payment.succeeded"}}
    told: dict[str, Any] = {"first_name": f"Mia {number}", "last_name": number, "tags": [f"pays by {number}"]}
    made = make(house, email=MIA, **told, attributes={"card": number, number: int(number)})
    do(house, "add_points", points=5, contact_id=made["id"], reason=f"paid {number}", reference=number)
    do(house, "issue", amount=100, contact={"email": "leo@example.com", "name": f"Leo {number}"})
    gateway.create_key(house.account, name=f"key of {number}")
    gateway.directory.create_account(slug="new-shop", name=f"Shop {number}")
    gateway.create_endpoint(
        house.account, url="http://127.0.0.1:9009/hook", description=number, metadata={"card": number}
    )
    gateway.directory.create_source(
        house.account, slug="till", adapter="generic", settings={"options": options}
    )
    house.tell(type="contact.tag_added", id="t-1", email=MIA, tag=f"card {number}", first_name=number)
    house.tell(type="referral.completed", id="r-1", email=MIA, referrer_email="leo@example.com")

    assert number not in house.everything()
    assert make(house, email="ann@example.com", last_name=number)["last_name"] == "****4242"


def test_who_has_a_tag_is_found_by_it_as_it_was_written(shop: House) -> None:
    tag = "card 4242 4242 4242 4242"
    made = make(shop, email=MIA, tags=[tag])

    [found] = shop.gateway.people.page(shop.account, {"tag": tag}).data

    assert (found["id"], found["tags"]) == (made["id"], ["card ****4242"])


def test_an_id_that_looks_like_a_payment_cards_number_still_tells_people_apart(house: House) -> None:
    """T69: what somebody is found by is no text; two such ids end alike, and are two people."""
    one, other = "4242424242424242", "4000000000004242"
    first, second = make(house, external_id=one), make(house, external_id=other)

    assert first["id"] != second["id"]
    for wanted, made in ((one, first), (other, second)):
        [found] = house.gateway.people.page(house.account, {"external_id": wanted}).data
        assert found["id"] == made["id"]
