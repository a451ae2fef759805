"""A slip in an expression is told with its place and what was meant."""

import pytest

from connector.recipes.language import MAX_DEPTH, MAX_LENGTH, BadExpression, parse


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("now() > 2026-11-01", 8, 'a date stands in quotes, "2026-11-01"'),
        ("now() > '2026-11-01' and now() < 2026-12-01T10:00:00Z", 33, 'quotes, "2026-12-01T10:00:00Z"'),
        ('event.tag == "since 2026-11-01', 13, "a quote is left open"),
        ("contact.visits = 5", 15, "did you mean `==`"),
        ("contact.visits => 5", 15, "did you mean `>=`"),
        ("contact.tags has “VIP”", 17, "typographic quotes"),
        ("contact.visits >= 5 AND true", 20, "did you mean `and`"),
        ("contact.visits >= 5 && true", 20, "write `and`"),
        ("a == 1 || b == 1", 7, "write `or`"),
        ("!contact.x", 0, "write `not`"),
        ('contact.tags contains "VIP"', 13, "did you mean `has`"),
        ("1 < 2 < 3", 6, "join two comparisons with `and`"),
        ("${{ contact.visits }} > 5", 0, "leave out"),
        ("contact.spent > $5", 16, "25.00 USD"),
        ('contact.tags has "VIP', 17, "a quote is left open"),
        ("contact.visits >=", 17, "ends too early"),
        ("(contact.visits", 15, "ends too early"),
        ("contact.visits 5", 15, "an operator"),
        ("contact.visits is gone", 18, "`missing` or `empty`"),
        ("a ≥ 1", 2, "write `>=`"),
        ("10%", 2, "percent"),
        ("a; b", 1, "has no meaning here"),
        ("", 0, "an expression is expected"),
        ("   ", 0, "an expression is expected"),
        ("1" * 31, 0, "more than 30 digits"),
        ("[x for x in y]", 3, "does not fit"),
        ("lambda: 1", 6, "has no meaning"),
        ("x ** 2", 3, "does not fit"),
        ("x if y else z", 2, "does not fit"),
    ],
)
def test_a_slip_is_told_where_it_stands(text: str, offset: int, message: str) -> None:
    with pytest.raises(BadExpression) as caught:
        parse(text)

    assert message in caught.value.detail
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "1" + ")" * 900,
        "not " * 400 + "true",
        "-" * 1_500 + "1",
        "1" + "+1" * 900,
        "count(" * 250 + "1" + ")" * 250,
        "[" * 600 + "1" + "]" * 600,
    ],
)
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(BadExpression, match=f"at most {MAX_DEPTH} levels"):
        parse(text)


def test_length_is_bounded() -> None:
    with pytest.raises(BadExpression, match=f"at most {MAX_LENGTH} characters"):
        parse("1 + " * MAX_LENGTH)


def test_a_long_list_is_no_depth() -> None:
    items = ", ".join(f'"{number}"' for number in range(200))

    assert parse(f"event.tag in [{items}]").rule == "within"


def test_a_currency_and_a_unit_belong_to_their_number() -> None:
    assert parse("25.00 USD").rule == "money"
    assert parse("3 days").rule == "duration"
    assert parse("contact.visits > 5 and true").rule == "both"
