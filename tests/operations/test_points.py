"""Lines of points: what is told of each, and that two tills never spend the same ones."""

from functools import partial
from pathlib import Path

import pytest

from connector.domain.errors import ContactErased, InsufficientPoints, NotFound, ValidationFailed
from connector.domain.jsontext import read_own
from connector.operations import points
from connector.store import contacts
from connector.store.writer import Writing
from tests.kit.crowd import at_once
from tests.kit.deeds import do
from tests.kit.house import House, open_house

MIA = "mia@example.com"
TILLS = 64


def earn(house: House, count: int, who: str = MIA) -> str:
    """The contact's id, who has `count` points more."""
    return str(do(house, "add_points", points=count, contact={"email": who})["contact_id"])


def has(house: House, who: str = MIA) -> int:
    return int(house.snapshot(who)["points"])


def test_a_line_says_who_what_for_and_what_is_left(house: House) -> None:
    contact = earn(house, 100)

    line = do(house, "spend_points", points=30, contact_id=contact, reason="a massage", reference="R-7")

    assert line["id"].startswith("pts_")
    assert {name: line[name] for name in line if name not in ("id", "occurred_at")} == {
        "type": "spent",
        "points": -30,
        "balance": 70,
        "contact_id": contact,
        "reason": "a massage",
        "reference": "R-7",
        "gift_card_id": None,
        "transaction_id": None,
        "source": "api",
        "origin": {"key_id": "key_test"},
    }
    assert has(house) == 70


def test_each_change_has_a_message_and_an_audit_row(house: House) -> None:
    contact = earn(house, 100)
    do(house, "spend_points", points=30, contact_id=contact, reason="a massage")

    messages = house.rows("messages", type="contact.points_changed")
    told = [read_own(bytes(one["body"]).decode())["data"] for one in messages]
    assert [(one["contact"]["id"], one["points"]["points"], one["points"]["balance"]) for one in told] == [
        (contact, 100, 100),
        (contact, -30, 70),
    ]
    trail = house.rows("audit", subject=contact)
    assert [(one["act"], one["source"], one["reason"]) for one in trail] == [
        ("add_points", "api", None),
        ("spend_points", "api", "a massage"),
    ]
    assert [one["details"]["points"] for one in trail] == [100, -30]


def test_a_message_that_would_be_too_long_leaves_the_tags_out(shop: House) -> None:
    tags = [f"{number:03}" + "é" * 90 for number in range(200)]

    do(shop, "add_points", points=1, contact={"email": MIA, "tags": tags})

    [message] = shop.rows("messages", type="contact.points_changed")
    told = read_own(bytes(message["body"]).decode())["data"]
    assert (told["contact"]["tags"], told["shortened"]) == ([], True)
    assert len(shop.snapshot(MIA)["tags"]) == 200


def test_points_of_events_and_of_ours_are_one_sum(house: House) -> None:
    house.tell(type="points.earned", email=MIA, points=40)
    earn(house, 60)

    do(house, "spend_points", points=100, contact_id=MIA)

    assert has(house) == 0


def test_however_many_tills_spend_at_once_nobody_goes_below_zero(house: House) -> None:
    contact = earn(house, 100)

    ended = at_once([partial(do, house, "spend_points", points=7, contact_id=contact)] * TILLS)

    done = [one for one in ended if one.is_done]
    refused = [one.error for one in ended if one.error is not None]
    assert len(done) == 14, "a hundred points are fourteen times seven"
    assert all(isinstance(one, InsufficientPoints) for one in refused)
    assert has(house) == 2
    assert sorted(one.value["balance"] for one in done) == list(range(2, 100, 7))


def test_who_earns_while_others_spend_loses_nothing(house: House) -> None:
    contact = earn(house, 1)
    earning = partial(do, house, "add_points", points=3, contact_id=contact)
    spending = partial(do, house, "spend_points", points=2, contact_id=contact)

    ended = at_once([earning, spending] * 10)

    spent = sum(2 for one in ended[1::2] if one.is_done)
    assert all(one.is_done for one in ended[::2])
    assert has(house) == 31 - spent >= 0


@pytest.mark.parametrize("count", [None, 0, -1, points.MAX_POINTS + 1])
def test_a_line_has_a_number_within_reason(count: int | None) -> None:
    with pytest.raises(ValidationFailed) as refused:
        points.require_points(count)

    assert [one.field for one in refused.value.errors] == ["points"]


@pytest.mark.parametrize("name", ["reason", "reference"])
def test_a_line_has_short_texts(shop: House, name: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        do(shop, "add_points", points=1, contact={"email": MIA}, **{name: "x" * 501})

    assert [one.field for one in refused.value.errors] == [name]
    assert shop.rows("contacts") == []


def test_an_erased_contact_earns_and_spends_nothing(house: House) -> None:
    contact = earn(house, 10)

    def erase(tx: Writing) -> None:
        found = contacts.find(tx, house.account.id, contact)
        assert found is not None
        contacts.write(tx, contacts.lock(tx, found), {"erased_at": tx.now})

    house.gateway.parts.writer.run(erase)

    for name in ("add_points", "spend_points"):
        with pytest.raises(ContactErased):
            do(house, name, points=1, contact_id=contact)


def test_another_accounts_contact_is_not_there(house: House) -> None:
    contact = earn(house, 10)

    for name in ("add_points", "spend_points"):
        with pytest.raises(NotFound):
            do(house, name, account=house.other, points=1, contact_id=contact)
    assert has(house) == 10


def test_points_are_read_under_the_lock_that_holds_them(database_url: str, tmp_path: Path) -> None:
    """Between the reading and the writing another till comes: it waits, and finds what is left."""
    waiting: list[str] = []
    house = open_house(tmp_path, database_url, pause=waiting.append)
    contact = earn(house, 10)

    do(house, "spend_points", points=10, contact_id=contact)

    assert "points.read" in waiting
    with pytest.raises(InsufficientPoints) as refused:
        do(house, "spend_points", points=1, contact_id=contact)
    assert refused.value.detail == f"Contact {contact} has 0 points, 1 asked."
    house.gateway.close()
