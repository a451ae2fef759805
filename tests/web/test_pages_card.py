"""A card's page: whole for whoever has its link, and nothing to anybody else; opened by people only."""

import re
from datetime import timedelta
from typing import Any

import pytest

from connector.flows.card_pages import ONE_OPENING, SHOWN_AFTER_END
from connector.flows.limits import Limits, Rate
from tests.kit.catalogue import a_program
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do, told, trail
from tests.kit.house import BY_HAND, PUBLIC_URL
from tests.web.door import Door, door_of, refusal

FORM = "application/x-www-form-urlencoded"
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


def test_opening_the_page_is_told_once_a_sitting(door: Door) -> None:
    """S004-21."""
    house = door.house
    card, path = issued(door)
    assert door.call("HEAD", path, headers=PERSON).status_code == 200
    assert told(house, card["id"]) == []

    for _ in range(3):
        assert door.get(path, headers=PERSON).status_code == 200
        assert door.post(f"{path}/opened", headers=PERSON).status_code == 204
    assert told(house, card["id"]) == ["gift_card.opened"]
    assert trail(house, card["id"]) == ["open"]
    house.clock.forward(ONE_OPENING)
    door.get(path, headers=PERSON)
    assert told(house, card["id"]) == ["gift_card.opened"] * 2
    house.require_proof()


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 13; Pixel 7) Chrome/120.0.0.0 Mobile Safari/537.36 Telegram-Android/11",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 [LinkedInApp]/9.29",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Twitter for iPhone/10.60",
        "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) Chrome/120.0.0.0 Mobile Safari/537.36",
    ],
)
def test_who_opens_the_link_where_it_was_sent_opens_the_card(quick_door: Door, agent: str) -> None:
    """A messenger's own browser names the messenger, as its previews do."""
    card, path = issued(quick_door)

    assert quick_door.get(path, headers={"User-Agent": agent}).status_code == 200

    assert told(quick_door.house, card["id"]) == ["gift_card.opened"]


@pytest.mark.parametrize("agent", ["Mozilla/5.0 HeadlessChrome/120", "curl/8.0", "python-requests/2.32"])
def test_a_program_in_a_persons_hand_opens_it_too(quick_door: Door, agent: str) -> None:
    card, path = issued(quick_door)

    assert quick_door.get(path, headers={"User-Agent": agent}).status_code == 200

    assert told(quick_door.house, card["id"]) == ["gift_card.opened"]


def test_a_link_in_a_letter_is_followed_from_another_site(quick_door: Door) -> None:
    card, path = issued(quick_door)
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

    quick_door.get(path, headers={**PERSON, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    assert told(quick_door.house, card["id"]) == []

    quick_door.get(path, headers={**PERSON, **followed})
    assert told(quick_door.house, card["id"]) == ["gift_card.opened"]


def test_what_was_fetched_ahead_is_open_once_it_is_on_a_screen(quick_door: Door) -> None:
    card, path = issued(quick_door)
    quick_door.get(path, headers={**PERSON, "Sec-Purpose": "prefetch;prerender"})
    foreign = {**PERSON, "Sec-Fetch-Site": "cross-site"}
    assert quick_door.post(f"{path}/opened", headers=foreign).status_code == 204
    assert told(quick_door.house, card["id"]) == []

    quick_door.post(f"{path}/opened", headers=PERSON)

    assert told(quick_door.house, card["id"]) == ["gift_card.opened"]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "WhatsApp/2.23"},
        {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"User-Agent": "Slack-ImgProxy (+https://api.slack.com/robots)"},
        {"User-Agent": "TelegramBot (like TwitterBot)"},
        {"User-Agent": "LinkedInBot/1.0 (compatible; Mozilla/5.0; +http://www.linkedin.com)"},
        {"User-Agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": ""},
        {**PERSON, "Purpose": "prefetch"},
        {**PERSON, "Sec-Purpose": "prefetch;prerender"},
        {**PERSON, "X-Moz": "prefetch"},
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


GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("recipient", "asked", "lang", "words"),
    [
        ({"name": "Mia", "locale": "de"}, {}, "de", ("Ihr Code", "Für Mia", "25,00\xa0$")),
        ({"name": "Mia", "locale": "fr-CA"}, GERMAN, "fr-CA", ("Votre code", "Pour Mia")),
        (None, GERMAN, "de-AT", ("Ihr Code", "unbegrenzt gültig")),
        ({"name": "Mia", "locale": "pt"}, {"Accept-Language": "es"}, "es", ("Su código", "No caduca.")),
        (None, {"Accept-Language": "pt, xx-!!, *;q=0.1, de;q=0"}, "en-US", ("Your code", "$25.00")),
    ],
)
def test_the_page_is_in_the_recipients_language_else_in_the_browsers(
    quick_door: Door,
    recipient: dict[str, str] | None,
    asked: dict[str, str],
    lang: str,
    words: tuple[str, ...],
) -> None:
    """S004-77: as the letter was."""
    _, path = issued(quick_door, recipient=recipient)

    answer = quick_door.get(path, headers=asked)

    assert f'<html lang="{lang}">' in answer.text and answer.headers["Vary"] == "Accept-Language"
    for one in words:
        assert one in answer.text, one


def test_the_owners_language_counts_where_the_recipient_has_none(quick_door: Door) -> None:
    house = quick_door.house
    card, path = issued(quick_door, contact={"email": "mia@example.com"})
    told = {"attributes": {"locale": "es"}}
    house.gateway.people.update(house.account, BY_HAND, card["contact_id"], told)

    assert '<html lang="es">' in quick_door.get(path, headers=GERMAN).text


def test_a_link_that_leads_nowhere_says_so_in_the_browsers_language(quick_door: Door) -> None:
    answer = quick_door.get("/c/nothing", headers=GERMAN)

    assert answer.status_code == 404 and "Hier ist nichts" in answer.text


def choosing(door: Door) -> tuple[dict[str, Any], str]:
    for slug, name in (("spa", "Spa & Bath"), ("sauna", "Sauna")):
        a_program(door.house, slug, name=name, kind="paid")
    return issued(door, programs=["spa", "sauna"])


def test_a_holder_chooses_on_the_page_what_the_card_is_good_for_once(door: Door) -> None:
    """S004-80: bound by its claim, before any use."""
    card, path = choosing(door)
    offered = door.get(path)
    assert "Spa &amp; Bath" in offered.text and 'value="sauna"' in offered.text
    assert "form-action 'self'" in offered.headers["Content-Security-Policy"]
    assert f'action="{path.removeprefix("/c/")}/program"' in offered.text

    chosen = door.post(f"{path}/program", raw=b"program=spa", content_type=FORM, headers=PERSON)
    late = door.post(f"{path}/program", raw=b"program=sauna", content_type=FORM, headers=PERSON)

    assert (chosen.status_code, late.status_code) == (303, 303)
    assert chosen.headers["Location"] == f"../{path.removeprefix('/c/')}"
    page = door.get(path).text
    assert "Good for Spa &amp; Bath" in page and "<form" not in page
    assert door.house.gateway.card(door.house.account, card["id"])["program"] == "spa"
    assert (trail(door.house, card["id"]), told(door.house, card["id"])) == (
        ["open", "choose_program"],
        ["gift_card.opened", "gift_card.updated"],
    )
    assert door.house.redeem(card["id"], 100, program="spa").status == 200
    door.house.require_proof()


@pytest.mark.parametrize("body", [b"program=gym", b"program=", b"", b"program=%00", b"\xff=\xff"])
def test_what_is_no_choice_chooses_nothing(quick_door: Door, body: bytes) -> None:
    card, path = choosing(quick_door)

    answer = quick_door.post(f"{path}/program", raw=body, content_type=FORM, headers=PERSON)

    assert answer.status_code == 303 and trail(quick_door.house, card["id"]) == []


def test_nobody_else_chooses_and_nothing_is_chosen_for_a_card_that_is_no_good(quick_door: Door) -> None:
    card, path = choosing(quick_door)

    def choose(where: str, **headers: str) -> int:
        return quick_door.post(
            f"{where}/program", raw=b"program=spa", content_type=FORM, headers={**PERSON, **headers}
        ).status_code

    assert choose(path, **{"Sec-Fetch-Site": "cross-site"}) == 404
    assert choose("/c/nothing") == 404
    do(quick_door.house, "disable", card=card["id"])
    assert choose(path) == 404 and "<form" not in quick_door.get(path).text
    assert trail(quick_door.house, card["id"]) == ["disable", "open"]


def test_a_program_that_its_issuer_gave_a_card_is_not_told(quick_door: Door) -> None:
    a_program(quick_door.house, "vip", name="Those who complain", kind="paid")
    _, path = issued(quick_door, program="vip")

    assert "complain" not in quick_door.get(path).text
