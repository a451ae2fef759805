"""A card's page: whole for whoever has its link, and nothing to anybody else; opened by people only."""

import re
from datetime import timedelta
from typing import Any

import pytest

from connector.flows.card_pages import ONE_OPENING, SHOWN_AFTER_END
from connector.flows.limits import Limits, Rate
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, told, trail
from tests.kit.house import PUBLIC_URL
from tests.web.door import Door, door_of, refusal

PERSON = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"}


def issued(door: Door, **fields: Any) -> tuple[dict[str, Any], str]:
    card = door.house.issue(2500, **fields)
    return card, card["url"].removeprefix(PUBLIC_URL)


def test_the_page_shows_the_card_as_its_recipient_needs_it(quick_door: Door) -> None:
    ends = THE_MOMENT + timedelta(days=365)
    card, path = issued(
        quick_door,
        recipient={"name": "Mia", "email": "mia@example.com"},
        message="Happy <b>birthday</b>\nyours",
        sender={"name": "Bob & Ann"},
        expires_at=ends,
        note="for ourselves",
    )
    quick_door.house.redeem(card["id"], 1000)

    answer = quick_door.get(path)

    assert answer.status_code == 200 and answer.content_type == "text/html; charset=utf-8"
    for words in (
        "Glow Spa",
        "For Mia",
        "$15.00",
        "left of $25.00",
        card["code"],
        "in USD",
        "<svg",
        "/balance",
    ):
        assert words in answer.text, words
    assert "Happy &lt;b&gt;birthday" in answer.text and "Bob &amp; Ann" in answer.text
    assert "Valid until 20 November 2027." in answer.text
    assert "for ourselves" not in answer.text and "mia@example.com" not in answer.text


def test_nothing_is_asked_of_others_and_nobody_keeps_or_frames_it(quick_door: Door) -> None:
    _, path = issued(quick_door)
    answer = quick_door.get(path)
    policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert loaded == ["card.css", "card.js", f"{PUBLIC_URL}/balance/glow-spa"]
    for name in loaded[:2]:
        assert quick_door.get(f"/c/{name}").status_code == 200


@pytest.mark.parametrize("state", ["disable", "expire"])
def test_a_card_that_cannot_be_spent_says_so_and_shows_no_code(quick_door: Door, state: str) -> None:
    card, path = issued(quick_door)
    do(quick_door.house, state, card=card["id"])

    answer = quick_door.get(path)

    assert answer.status_code == 200 and card["code"] not in answer.text and "<svg" not in answer.text
    assert {"disable": "switched off", "expire": "expired"}[state] in answer.text


def test_every_link_that_leads_nowhere_gets_the_one_answer(quick_door: Door) -> None:
    card, path = issued(quick_door)
    do(quick_door.house, "expire", card=card["id"])
    quick_door.house.clock.forward(SHOWN_AFTER_END)
    links = quick_door.house.gateway.parts.links
    nobodys = links.token("gc_" + "0" * 26, quick_door.house.clock.now(), 0)

    over = quick_door.get(path)
    answers = [
        quick_door.get(f"/c/{token}") for token in (path[3:-2] + "xx", nobodys, "x", "%00", "a" * 5_000)
    ]

    for answer in [over, *answers]:
        assert (answer.status_code, answer.data) == (404, over.data)
        assert answer.content_type.startswith("text/html")
    assert refusal(quick_door.post("/c/x/opened", headers=PERSON)) == (404, "not_found")


def test_looking_changes_nothing_and_opening_is_told_once_a_sitting(door: Door) -> None:
    """S004-21."""
    house = door.house
    card, path = issued(door)
    for method in ("GET", "HEAD", "GET"):
        assert door.call(method, path, headers=PERSON).status_code == 200
    assert told(house, card["id"]) == []

    for _ in range(3):
        assert door.post(f"{path}/opened", headers=PERSON).status_code == 204
    assert told(house, card["id"]) == ["gift_card.opened"]
    assert trail(house, card["id"]) == ["open"]
    house.clock.forward(ONE_OPENING)
    door.post(f"{path}/opened", headers=PERSON)
    assert told(house, card["id"]) == ["gift_card.opened"] * 2
    house.require_proof()


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "WhatsApp/2.23"},
        {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "Mozilla/5.0 HeadlessChrome/120"},
        {"User-Agent": "curl/8.0"},
        {"User-Agent": ""},
        {**PERSON, "Purpose": "prefetch"},
        {**PERSON, "Sec-Purpose": "prefetch;prerender"},
        {**PERSON, "X-Moz": "prefetch"},
        {**PERSON, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_what_is_no_person_opens_nothing(quick_door: Door, headers: dict[str, str]) -> None:
    card, path = issued(quick_door)

    assert quick_door.get(path, headers=headers).status_code == 200
    assert quick_door.post(f"{path}/opened", headers=headers).status_code == 204

    assert told(quick_door.house, card["id"]) == []


def test_links_are_told_where_codes_are(quick_door: Door) -> None:
    """A link opens the page with the code: without cards:reveal there is none, in messages never."""
    house = quick_door.house
    writes, reveals = house.key("cards:write", "cards:read"), house.key("cards:read", "cards:reveal")
    made = quick_door.post("/v1/gift-cards", key=writes, body={"amount": 2500}).get_json()
    one = f"/v1/gift-cards/{made['id']}"

    assert quick_door.get(made["url"].removeprefix(PUBLIC_URL)).status_code == 200
    assert quick_door.get(one, key=writes).get_json()["url"] is None
    assert quick_door.get(one, key=reveals).get_json()["url"] == made["url"]
    assert quick_door.get("/v1/gift-cards", key=writes).get_json()["data"][0]["url"] is None
    assert quick_door.post(f"{one}/reveal", key=reveals).get_json()["gift_card"]["url"] == made["url"]
    assert made["url"] not in house.everything() and made["url"].rpartition("/")[2] not in house.everything()


def test_an_answer_given_again_to_another_key_has_no_link(quick_door: Door) -> None:
    first, second = quick_door.house.key("cards:write"), quick_door.house.key("cards:write")
    how: dict[str, Any] = {"body": {"amount": 2500}, "headers": {"Idempotency-Key": "k1"}}

    made = quick_door.post("/v1/gift-cards", key=first, **how).get_json()
    again = quick_door.post("/v1/gift-cards", key=second, **how).get_json()

    assert made["url"] is not None and again["id"] == made["id"]
    assert again["code"] is None and again["url"] is None


def test_whoever_tries_links_is_slowed_down(quick_door: Door) -> None:
    slow = door_of(quick_door.house, rates=Limits(None, Rate(2, 60), None))
    statuses = [slow.get("/c/x").status_code for _ in range(3)]

    assert statuses == [404, 404, 429]
