"""A trace on paper: where, whether, and what was seen; nothing that a terminal would obey."""

import pytest

from connector.cli.tracing import lines, print_run


def test_each_line_has_its_place_its_verdict_and_what_it_saw() -> None:
    trace = [
        {"line": 9, "text": "contact.visits >= 5", "verdict": True, "values": {"contact.visits": 6}},
        {"line": 10, "text": 'event.data.x == "y"', "verdict": False, "values": {"event.data.x": "z"}},
        {"line": 110, "text": "contact.vists", "verdict": "error", "error": "not there", "values": {}},
    ]

    assert list(lines("recipes/vip.yaml", trace)) == [
        "recipes/vip.yaml:9    yes    contact.visits >= 5",
        "                             contact.visits = 6",
        'recipes/vip.yaml:10   no     event.data.x == "y"',
        "                             event.data.x = z",
        "recipes/vip.yaml:110  error  contact.vists",
        "                             error: not there",
    ]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            {"step": "issue_card", "id": "gift", "fields": {"amount": "25.00 USD"}},
            ["done   issue_card (gift)", "amount: 25.00 USD"],
        ),
        ({"step": "issue_card", "would": True, "fields": {}}, ["would  issue_card"]),
        ({"step": "redeem_card", "error": "too low"}, ["error  redeem_card", "error: too low"]),
        ({"step": "check_balance", "result": {"balance": 5}}, ["done   check_balance", 'gave {"balance":5}']),
        ({"step": "wait", "for": "3 days", "until": None}, ["done   wait", "for: 3 days"]),
        (
            {"step": "for_each", "text": "event.data.items", "items": 2},
            ["for_each: event.data.items", "items: 2"],
        ),
        ({"text": "approved: the conditions are not asked again"}, ["approved: the conditions"]),
        ({}, ["r.yaml:?"]),
    ],
)
def test_a_step_says_what_it_did_or_would(entry: dict[str, object], told: list[str]) -> None:
    text = "\n".join(lines("r.yaml", [entry]))

    for one in told:
        assert one in text


def test_what_came_from_outside_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run = {
        "recipe": "vip",
        "outcome": "not_matched",
        "reason": "no\x1b[31m",
        "place": "recipes/vip.yaml:9:5",
        "file": "recipes/vip.yaml",
        "trace": [
            {"line": 9, "text": "x", "verdict": False, "values": {"contact.first_name": "\x1b]0;\x07"}}
        ],
    }
    print_run(run)

    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x07" not in out
    assert out.startswith("vip not_matched: no\\x1b[31m\ndecided at recipes/vip.yaml:9:5\n")
