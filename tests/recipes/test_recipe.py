"""A recipe looks at the events of its account and of its sources."""

import pytest

from .making import VIP, a_recipe


@pytest.mark.parametrize(
    ("head", "account", "source", "wants"),
    [
        ("", "any", "calendly", True),
        ("account: glow-spa\n", "glow-spa", "calendly", True),
        ("account: glow-spa\n", "other", "calendly", False),
        ("from: calendly\n", "any", "calendly", True),
        ("from: [acuity, front-desk]\n", "any", "front-desk", True),
        ("from: acuity\n", "any", "calendly", False),
    ],
)
def test_a_recipe_wants_its_own_events(head: str, account: str, source: str, wants: bool) -> None:
    assert a_recipe(head + VIP).wants(account, source, "calendly") is wants
