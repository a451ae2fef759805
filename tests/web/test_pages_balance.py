"""The balance page: what is left on a card for whoever has its code, and nothing for whoever guesses."""

import re
from pathlib import Path

import pytest

from connector.app import Rooms, assemble
from connector.flows import setup
from connector.flows.limits import Limits, Rate
from connector.operations.issue import OPERATION as ISSUE
from connector.operations.issue import Issue
from connector.web.factory import create_web
from tests.flows.making import a_house
from tests.kit.deeds import do
from tests.kit.house import BY_HAND, PUBLIC_URL
from tests.web.door import Door, door_of

PAGE = "/balance/glow-spa"
FORM = "application/x-www-form-urlencoded"


def ask(door: Door, code: str, page: str = PAGE) -> tuple[int, str]:
    raw = f"code={code.replace(' ', '+')}".encode()
    answer = door.post(page, raw=raw, content_type=FORM)
    return answer.status_code, answer.text


def test_whoever_types_the_code_reads_what_is_left(quick_door: Door) -> None:
    card = quick_door.house.issue(2500, recipient={"name": "Mia Smith", "email": "mia@example.com"})
    quick_door.house.redeem(card["id"], 1000)
    before = quick_door.house.everything()

    status, page = ask(quick_door, card["code"].lower().replace("-", " "))

    assert status == 200 and "$15.00" in page and card["last4"] in page and "It does not expire." in page
    assert card["code"] not in page and "Mia" not in page and "mia@" not in page
    assert quick_door.house.everything() == before  # asking leaves no trace


def test_the_page_is_a_form_that_sends_the_code_in_a_body_and_loads_from_here_alone(quick_door: Door) -> None:
    answer = quick_door.get(PAGE)

    assert answer.status_code == 200 and f'<form method="post" action="{PAGE}">' in answer.text
    assert re.findall(r'(?:src|href)="([^"]+)"', answer.text) == ["/c/card.css"]
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "unsafe" not in policy
    assert (
        answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [("disable", "switched off"), ("remove", "no longer valid"), ("expire", "has expired")],
)
def test_a_card_that_cannot_be_spent_says_why(quick_door: Door, state: str, words: str) -> None:
    card = quick_door.house.issue(2500)
    do(quick_door.house, state, card=card["id"])

    status, page = ask(quick_door, card["code"])

    assert status == 200 and words in page and "$25.00" not in page


def test_the_only_accounts_page_needs_no_name_and_with_several_each_has_its_own(
    sqlite_url: str, tmp_path: Path
) -> None:
    gateway = assemble(Rooms(sqlite_url, (bytes(32),), tmp_path, PUBLIC_URL))
    try:
        web = create_web(gateway, public_url=PUBLIC_URL, max_body_bytes=1_000).test_client()
        found = [web.get("/balance")]
        for slug in ("corner", "market"):
            account = setup.ConfiguredAccount(slug, "A Shop", "USD", "UTC", "US", sandbox=False)
            setup.write(gateway.parts, [account], [])
            found.append(web.get("/balance"))
    finally:
        gateway.close()

    assert [one.status_code for one in found] == [404, 200, 404]
    assert 'action="/balance/corner"' in found[1].text


def test_what_is_nobodys_code_gets_one_answer(quick_door: Door) -> None:
    """T17: neither an id, nor another account's card, nor no code at all is told apart from a wrong one."""
    house = quick_door.house
    card = house.issue(2500)
    theirs = house.gateway.perform(house.other, BY_HAND, ISSUE, Issue(amount=2500)).body
    wrong = ask(quick_door, "NOPE-NOPE-NOPE-N")

    assert wrong[0] == 404 and "no gift card with this code" in wrong[1]
    for code in (card["id"], theirs["code"], "", "%00", "%F0%9F%8E%81", "a" * 5_000, "<script>"):
        assert ask(quick_door, code) == wrong, code
    assert quick_door.post(PAGE, body={"code": card["code"]}).status_code == 404


@pytest.mark.parametrize("page", ["/balance/nobody", "/balance/", "/balance/Glow-Spa", "/balance/x/y"])
def test_an_account_that_is_not_there_has_no_page(quick_door: Door, page: str) -> None:
    assert quick_door.get(page).status_code == 404
    assert ask(quick_door, "NOPE", page)[0] == 404


def test_wrong_codes_are_guesses_and_the_page_says_when_to_come_back(sqlite_url: str, tmp_path: Path) -> None:
    """T17: one budget over every door; the right code is refused, too, until it is over."""
    with a_house(tmp_path, sqlite_url, failed_lookups=Rate(3, 600)) as house:
        door, card = door_of(house), house.issue(2500)
        assert [ask(door, f"NOPE-{number}")[0] for number in range(4)] == [404, 404, 404, 429]

        spent = door.post(PAGE, raw=f"code={card['code']}".encode(), content_type=FORM)
        assert spent.status_code == 429 and "Come back in 10 minutes." in spent.text
        assert int(spent.headers["Retry-After"]) == 600 and "$25.00" not in spent.text
        elsewhere = door.post(
            PAGE, raw=f"code={card['code']}".encode(), content_type=FORM, peer="198.51.100.9"
        )
        assert elsewhere.status_code == 200


def test_whoever_asks_without_end_is_slowed_down(quick_door: Door) -> None:
    slow = door_of(quick_door.house, rates=Limits(None, Rate(2, 60), None))
    assert [slow.get(PAGE).status_code for _ in range(3)] == [200, 200, 429]


def test_a_cards_page_leads_to_it(quick_door: Door) -> None:
    card = quick_door.house.issue(2500)
    shown = quick_door.get(card["url"].removeprefix(PUBLIC_URL)).text

    (link,) = re.findall(r'href="(http[^"]+/balance/[^"]+)"', shown)
    assert ask(quick_door, card["code"], link.removeprefix(PUBLIC_URL))[0] == 200


def test_the_page_is_in_the_browsers_language(quick_door: Door) -> None:
    """S004-77."""
    german = {"Accept-Language": "de"}
    card = quick_door.house.issue(2500)

    empty = quick_door.get(PAGE, headers=german)
    found = quick_door.post(PAGE, raw=f"code={card['code']}".encode(), content_type=FORM, headers=german)
    unknown = quick_door.post(PAGE, raw=b"code=NOPE-NOPE", content_type=FORM, headers=german)

    assert '<html lang="de">' in empty.text and "Der Code Ihres Gutscheins" in empty.text
    assert "25,00\xa0$" in found.text and "unbegrenzt gültig" in found.text
    assert unknown.status_code == 404 and "keinen Gutschein mit diesem Code" in unknown.text
    assert {one.headers["Vary"] for one in (empty, found, unknown)} == {"Accept-Language"}
