"""Random texts through the expression language end in a value or in one of our errors, never in another's.

200,000 texts where CONNECTOR_SOAK is set, 5,000 otherwise; the seed is fixed, so a failure can be repeated.
"""

import os
import random
from typing import Final

import pytest

from connector.domain.errors import ConnectorError
from connector.domain.money import Money
from connector.recipes.functions import FUNCTIONS
from connector.recipes.language import MAX_LENGTH
from connector.recipes.names import CARD, CONTACT, EVENT

from .making import a_contact, a_scene, an_event, compiled

TEXTS: Final = 200_000 if os.environ.get("CONNECTOR_SOAK") else 5_000
BATCHES: Final = 4

PLAIN: Final = r"""
== != < <= > >= = => <> && || ! % ^ ** // + - * / ( ) [ ] { } , . ; : ? @ $ ` \ ' "
and or not has in is missing empty true false null None True AND OR Not lambda import if else
0 1 5 -1 0.1 25.00 1e9 1_000 0x1F 01 99999999999999999999 1.0000000000000000000001 2026-11-20
USD EUR JPY XXX day days month years vars.x let.y previous.card steps.a.b item event.data.a[0]
event.data['b'] contact.__class__ ${{ }} {{ “VIP” ‘a’ é ² ٣ __import__('os') {0.__class__} %s
"VIP" 'it\'s' "open "a\"b" "2026-11-20T15:00:00Z" "25.00" "\x" '\\'
"""
WORDS: Final = (
    *PLAIN.split(),
    *(f"{name}(" for name in FUNCTIONS),
    *(f"card.{name}" for name in CARD),
    *(f"event.{name}" for name in EVENT),
    *(f"contact.{name}" for name in CONTACT),
    *("30 days", "25.00 USD", "-5 USD", "100000 days", "999999 days", "is not missing", "is empty"),
    *("\u202e", "\x00", "\ud800", "\n", "\t", "\u00a0", "5.00  USD", '"25.00 USD"'),
)


def a_text(source: random.Random) -> str:
    """Mostly words of the language in no order, sometimes nested, sometimes plain rubbish."""
    kind = source.random()
    if kind < 0.05:
        return "".join(chr(source.randrange(0x2100)) for _ in range(source.randrange(40)))
    if kind < 0.07:
        depth = source.randrange(1, 1_000)
        return source.choice("([-") * depth + "1" + source.choice(")]") * source.randrange(depth + 1)
    if kind < 0.08:
        return source.choice(WORDS) * source.randrange(MAX_LENGTH)
    if kind < 0.5:  # a sentence that may well be right
        left, right = (source.choice(WORDS[-60:]) for _ in range(2))
        sentence = f"{left} {source.choice(WORDS[:12])} {right}"
        return f"{sentence} {source.choice(('and', 'or', 'is', '+'))} {source.choice(WORDS)}"
    return source.choice(("", " ")).join(source.choice(WORDS) for _ in range(source.randrange(14)))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_texts_raise_only_our_own_errors(batch: int) -> None:
    source = random.Random(f"recipes {batch}")
    event = an_event(
        booking={"id": "b", "price": {"amount": "25.00", "currency": "USD"}}, data={"a": [1, None]}
    )
    contact = a_contact(tags=["VIP"], visits=5, email="a@b.c", balance=Money(5, "USD"))
    values = 0

    for _ in range(TEXTS // BATCHES):
        text = a_text(source)
        try:
            compiled(text).evaluate(a_scene(event, contact))
            values += 1
        except ConnectorError as fault:
            assert fault.detail, text

    assert values > TEXTS // BATCHES // 1_000, "some of them are right, or nothing is tried"
