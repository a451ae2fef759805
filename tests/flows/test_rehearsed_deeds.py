"""What a rehearsed step comes to: refused as the real one is, and said where it cannot be known."""

from pathlib import Path

import pytest

from connector.domain.accounts import Caps
from tests.flows.making import ISSUE, a_house, a_recipe
from tests.flows.test_backtest import backtested, with_line
from tests.flows.test_bounds import limited, order

REFUSED = {
    "points": "convert_points: {points: 500, amount: 5.00 USD}",
    "per_card": "issue_card: {amount: 250.00 USD}",
    "expired": "issue_card: {amount: 5.00 USD, expires: 2020-01-01}",
    "program": "issue_card: {amount: 5.00 USD, program: nothing}",
    "nobody": "issue_card: {amount: 5.00 USD, to: nobody-at-all}",
    "tag": "add_tag: {tag: ' '}",
}


@pytest.mark.parametrize("why", sorted(REFUSED))
def test_it_is_refused_as_in_life_and_leaves_nothing(why: str, sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks", do=[ISSUE, REFUSED[why]])
    caps = {"USD": Caps(per_card=10_000)}
    with a_house(tmp_path, sqlite_url, text, caps=caps) as house:
        outcome = order(house, 1)
        reason = house.rows("runs")[0]["reason"]

        changed = backtested(house, text)["changed"]

        assert (changed["outcomes"], changed["cards"]) == ({outcome: 1}, 0) == ({"failed": 1}, 0)
        [told] = changed["reasons"]
        assert (told["reason"], told["place"]) == (reason, house.rows("runs")[0]["place"])


@pytest.mark.parametrize(
    "step",
    ["check_balance: {}", "find_cards: {}", "redeem_card: {card: AAAA-BBBB, amount: 1.00 USD}", "load_card"],
)
def test_what_cards_were_then_is_counted_as_not_rebuilt(step: str, sqlite_url: str, tmp_path: Path) -> None:
    """Never guessed: the run is undone, and said to be one of those."""
    step = "load_card: {card: AAAA-BBBB, amount: 1.00 USD}" if step == "load_card" else step
    new = a_recipe("thanks").replace(f"  - {ISSUE}\n", f"  - {ISSUE}\n  - {step}\n", 1)
    with a_house(tmp_path, sqlite_url, limited("{per_contact: 1 per 60 days}")) as house:
        for number in range(2):
            order(house, number, f"p{number}@example.com")

        found = backtested(house, new)

        assert (found["changed"]["outcomes"], found["changed"]["cards"]) == ({"not_rebuilt": 2}, 0)
        assert [one["count"] for one in found["not_rebuilt"] if one["count"] is not None] == [2]
        assert f"`{step.partition(':')[0]}`" in found["not_rebuilt"][0]["what"]
        assert found["difference"]["lose"] == 2


def test_what_goes_to_others_counts_on_them(sqlite_url: str, tmp_path: Path) -> None:
    """Limits count on the contact who receives; somebody new is nobody's name in the answer."""
    text = a_recipe(
        "thanks",
        "referral.completed",
        ["issue_card: {amount: 25.00 USD, to: '${{ event.referrer.email }}'}"],
        given="referrer: {email: z@example.com}",
    )
    text = with_line(text, "limits: {per_contact: 1 per 60 days, when_reached: skip}")
    with a_house(tmp_path, sqlite_url, text) as house:
        for number in range(3):
            house.tell(
                type="referral.completed",
                email="mia@example.com",
                referrer_email=f"r{number // 2}@example.com",
            )
        lived = [row["outcome"] for row in house.rows("runs")]

        changed = backtested(house, text)["changed"]

        assert lived == ["done", "skipped", "done"]
        assert (changed["outcomes"], changed["contacts"]) == ({"done": 2, "skipped": 1}, 2)


def test_a_letter_is_taken_as_sent_and_said_to_be(sqlite_url: str, tmp_path: Path) -> None:
    new = a_recipe("thanks").replace(
        f"  - {ISSUE}\n", f"  - {ISSUE}\n  - notify: {{via: [email], template: gift-card}}\n", 1
    )
    with a_house(tmp_path, sqlite_url, a_recipe("thanks")) as house:
        order(house, 1)

        found = backtested(house, new)

        assert (found["changed"]["cards"], found["changed"]["messages"]) == (1, 1)
        assert {"what": "whether a letter could be sent (`notify`): taken as sent", "count": None} in (
            found["not_rebuilt"]
        )
