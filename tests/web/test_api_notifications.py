"""Notifications by REST: seen by who may see people, read by who may see codes, of one's own account."""

from tests.kit.deeds import make_sandbox
from tests.kit.house import OTHER
from tests.web.door import Door, refusal

PATH = "/v1/notifications"


def test_a_sandbox_shows_what_would_have_been_sent(quick_door: Door) -> None:
    house = quick_door.house
    make_sandbox(house)
    card = house.issue(2500, recipient={"email": "mia@example.com"}, delivery="email")
    house.issue(2500, recipient={"phone": "+12125550123"}, delivery="sms")
    sees, reads = house.key("contacts"), house.key("contacts", "cards:reveal")

    page = quick_door.get(f"{PATH}?limit=1", key=sees)
    [by_text] = page.get_json()["data"]
    assert 'rel="next"' in page.headers["Link"] and by_text["via"] == "sms"
    [by_mail] = quick_door.get(f"{PATH}?card_id={card['id']}", key=sees).get_json()["data"]
    assert by_mail["state"] == "simulated" and by_mail["to"] == "mia@example.com"
    assert quick_door.get(f"{PATH}/{by_mail['id']}", key=sees).get_json()["content"] is None
    content = quick_door.get(f"{PATH}/{by_mail['id']}", key=reads).get_json()["content"]
    assert content["subject"] == "A gift card from Glow Spa" and "/c/" in content["text"]
    assert "<html" in content["html"]


def test_an_order_its_card_and_its_delivery_are_found_again(quick_door: Door) -> None:
    """S004-44, S004-57, S004-68, S004-69: a marketplace orders of the catalogue, and reads all of it back.

    In a sandbox with data of its own; what the API says is what there is, whoever changed it.
    """
    house = quick_door.house
    make_sandbox(house)
    key = house.key("admin")
    program = {"slug": "spa", "name": "Spa day", "currency": "USD", "kind": "paid", "amounts": [2500]}
    quick_door.post("/v1/programs", key=key, body=program)
    [offered] = quick_door.get("/v1/programs?currency=USD", key=key).get_json()["data"]
    order = {
        "program": offered["slug"],
        "amount": offered["amounts"][0],
        "delivery": "email",
        "recipient": {"email": "mia@example.com"},
        "metadata": {"order": "A-7"},
    }

    made = quick_door.post("/v1/gift-cards", key=key, body=order).get_json()
    redeemed = house.redeem(made["code"], 700, reference="till 3").body["transaction"]

    card = quick_door.get(f"/v1/gift-cards/{made['id']}", key=key).get_json()
    assert (card["metadata"], card["program"], card["balance"]) == ({"order": "A-7"}, "spa", 1800)
    assert card["sandbox"] is True and made["code"].startswith("TEST")
    [line] = quick_door.get("/v1/transactions?reference=till%203", key=key).get_json()["data"]
    assert (line["id"], line["gift_card_id"]) == (redeemed["id"], made["id"])
    [sent] = quick_door.get(f"{PATH}?card_id={made['id']}", key=key).get_json()["data"]
    assert (sent["state"], sent["to"], sent["via"]) == ("simulated", "mia@example.com", "email")


def test_only_what_failed_is_sent_again_and_only_ones_own_is_seen(quick_door: Door) -> None:
    house = quick_door.house
    make_sandbox(house)
    house.issue(2500, recipient={"email": "mia@example.com"}, delivery="email")
    key, others = house.key("contacts"), house.key("contacts", account=OTHER)
    [one] = quick_door.get(PATH, key=key).get_json()["data"]

    assert refusal(quick_door.post(f"{PATH}/{one['id']}/retry", key=key)) == (409, "conflict")
    assert refusal(quick_door.post(f"{PATH}/{one['id']}/retry", key=others)) == (404, "not_found")
    assert refusal(quick_door.get(f"{PATH}/{one['id']}", key=others)) == (404, "not_found")
    assert quick_door.get(PATH, key=others).get_json()["data"] == []
    assert refusal(quick_door.get(f"{PATH}?state=lost", key=key))[0] in (400, 422)
