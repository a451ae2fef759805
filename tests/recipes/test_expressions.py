"""Conditions are exact and loud: what is missing or of another kind is an error, and never false."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import ConnectorError
from connector.domain.money import Money
from connector.recipes.language import BadExpression
from connector.recipes.names import MissingField, Scope
from connector.recipes.values import EvaluationFailed

from .making import a_contact, a_scene, an_event, compiled, value_of

EVENT = an_event(
    booking={
        "id": "bk_1",
        "status": "completed",
        "service": None,
        "starts_at": "2026-11-20T15:00:00Z",
        "ends_at": "2026-11-20T16:00:00+00:00",
        "price": {"amount": "80.00", "currency": "USD"},
    },
    tag="VIP",
    data={
        "n": 5,
        "tenth": Decimal("0.1"),
        "text": "5",
        "none": None,
        "blank": "",
        "lines": [{"price": Decimal("1.5")}, {"price": None}],
        "my key": {"x": 1},
        "paid": {"amount": "19.99", "currency": "USD"},
        "on": True,
        "at": "2026-11-19T23:30:00-05:00",
    },
)
CONTACT = a_contact(
    tags=["VIP", "New"], visits=5, spent=Money(100_000, "USD"), attributes={"shoe": 42, "gone": None}
)


@pytest.mark.parametrize(
    "text",
    [
        'contact.tags has "VIP"',
        '"New" in contact.tags',
        'not (contact.tags has "vip")',
        "contact.visits == 5 and contact.visits != 4",
        "contact.visits > 4.999999999999999999999",
        "contact.spent >= 1000 USD",
        "contact.spent == 1000.00 USD",
        "event.data.tenth + 0.2 == 0.3",
        "event.data.n * 2 - 1 == 9",
        "2 + 3 * 4 == 14 and (2 + 3) * 4 == 20",
        "-contact.visits == -5",
        "10 / 4 == 2.5",
        "event.booking.price == 80 USD",
        "event.booking.price.amount == 80",
        'event.booking.price.currency == "USD"',
        "event.booking.price * 2 == 160.00 USD",
        "event.booking.price / 20 USD == 4",
        "event.data.paid > 19.98 USD",
        'event.data.paid.amount == "19.99"',
        "event.data.lines[0].price == 1.5",
        "event.data.lines.0.price == 1.5",
        'event.data["my key"].x == 1',
        "event.data.nothing is missing",
        "event.data.none is not missing",
        "event.data.none == null",
        "event.data.none is empty",
        "event.data.blank is empty",
        "event.data.lines is not empty",
        "event.booking.service is missing",
        "event.invoice is missing and event.invoice.id is missing",
        "event.contact is missing",
        "contact is not missing",
        "contact.email is missing",
        "contact.attributes.gone is missing",
        "contact.attributes.shoe == 42",
        "event.booking.starts_at < event.booking.ends_at",
        'event.booking.starts_at >= "2026-11-01" and event.booking.starts_at < "2026-12-01"',
        "event.booking.ends_at - event.booking.starts_at == 1 hour",
        "event.booking.starts_at + 1 month > now()",
        "60 minutes == 1 hour and 12 months == 1 year and 2 weeks == 14 days",
        'event.data.at > "2026-11-20T00:00:00Z"',
        'event.tag in ["VIP", "Gold"]',
        'event.booking.status == "completed"',
        '"complete" in event.booking.status',
        'event.data has "my key"',
        "event.data.on",
        "event.derived == false",
        "true or contact.visits == 1",
        r'"a\"b" == ' + "'a\"b'",
    ],
)
def test_a_condition_that_holds(text: str) -> None:
    assert value_of(text, EVENT, CONTACT) is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('event.data.n == "5"', "the number `5` cannot be compared with the text `5`"),
        ("event.data.text >= 5", "cannot be compared"),
        ("event.data.paid > 5", "the sum of money `19.99 USD` cannot be compared with the number `5`"),
        ("event.booking.price > 5 EUR", "different currencies"),
        ('event.data.text < "abc"', "`<` does not work on a text"),
        ("event.data.n and true", "is not a condition"),
        ("not event.data.n", "is not a condition"),
        ("event.data.lines == event.data.lines", "does not work on a list"),
        ("event.data.text + 1 == 6", "does not work on"),
        ("event.booking.price + 5 == 85 USD", "does not work on"),
        ("event.data.n / 0 == 1", "division by zero"),
        ("0 / 0 == 1", "a division by zero"),
        ("event.data.n has 5", "cannot hold"),
        ("contact.tags has 5", "cannot be compared with the number `5`"),
        ("event.data.n is empty", "texts and lists"),
        ('now() > "yesterday"', "is not a time"),
        ("1 month > 30 days", "months differ in length"),
        (
            "9999999999999999999999 * 9999999999999999999999.99999999 > 1" + " * 1.0000000000001" * 30,
            "digits",
        ),
        ("now() + 100000 years > now()", "beyond the calendar"),
    ],
)
def test_kinds_that_do_not_go_together_are_an_error_and_never_false(text: str, message: str) -> None:
    with pytest.raises(EvaluationFailed, match=message.replace("(", r"\(")):
        value_of(text, EVENT, CONTACT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event.data.tenht > 1", "`event.data.tenht` is not in this event: did you mean `tenth`?"),
        ("event.data.lines[7].price > 1", "`event.data.lines[7].price` is not in this event"),
        ("event.data.n.deeper == 1", "is not in this event"),
        ("event.invoice.id == 1 or 1 == 2", "`event.invoice.id` is not in this event"),
        ('contact.email == "a@b.c"', "`contact.email` is not known of this contact"),
        ("contact.attributes.shoes == 1", "did you mean `shoe`"),
    ],
)
def test_a_missing_field_is_an_error_that_says_what_was_meant(text: str, message: str) -> None:
    with pytest.raises(EvaluationFailed) as caught:
        value_of(text.replace("event.invoice.id == 1", 'event.invoice.id == "1"'), EVENT, CONTACT)

    assert isinstance(caught.value, MissingField)
    assert message in caught.value.detail


def test_an_event_without_contact_says_so() -> None:
    with pytest.raises(MissingField, match="this event has no contact"):
        value_of("contact.visits >= 5", EVENT, None)
    assert value_of("contact is missing and contact.visits is missing", EVENT, None) is True


def test_an_error_of_a_run_names_file_line_and_column() -> None:
    with pytest.raises(EvaluationFailed) as caught:
        value_of("contact.visits == 5 and event.data.gone > 3", EVENT, CONTACT)

    assert caught.value.place == "recipes/vip.yaml:12:29"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("event.data.gone == 1 and 1 == 2", False),
        ("1 == 2 and event.data.gone == 1", False),
        ("event.data.gone == 1 or 1 == 1", True),
        ("1 == 1 or event.data.gone == 1", True),
        ("1 == 1 and event.data.gone == 1", None),
        ("event.data.gone == 1 and 1 == 1", None),
        ("event.data.gone == 1 or 1 == 2", None),
        ("event.data.gone == 1 or event.data.gone == 2", None),
    ],
)
def test_and_and_or_forgive_an_error_where_the_other_side_decides(text: str, verdict: bool | None) -> None:
    if verdict is None:
        with pytest.raises(MissingField):
            value_of(text, EVENT, CONTACT)
    else:
        assert value_of(text, EVENT, CONTACT) is verdict


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contact.vists >= 5", "did you mean `visits`"),
        ("event.booking.pirce > 5 USD", "did you mean `price`"),
        ("contact.visits.x == 1", "has no fields"),
        ("contact.spent >= 1000", "25.00 USD"),
        ('contact.visits == "5"', "a number cannot be compared with a text"),
        ("contact.tags == 1", "does not work on a list"),
        ("contact.visits == null", "is missing"),
        ("contact.visits is empty", "did you mean `is missing`"),
        ("contact.visits has 5", "`has` and `in` ask a list"),
        ("contact.visits and true", "this is a number"),
        ("5 is missing", "asks for a field"),
        ("VIP", "a text stands in quotes"),
        ("evnt.type == 1", "did you mean `event`"),
        ("secrets.key", "is not a place to read from"),
        ("env.PATH", "is not a place to read from"),
        ("card.balance > 1 USD", "only where a recipe goes over cards"),
        ("item.name == 1", "only among the steps of a `for_each`"),
        ("previous.card is missing", "no step before"),
        ("steps.a.b is missing", "is not known at this place"),
        ("vars.x", "is not known at this place"),
        ("vars", "needs a name"),
        ("5.00 XXX", "is not an ISO 4217 currency"),
        ("5.001 USD", "more decimals"),
        ("999999 days", "too long"),
        ("eval(1)", "is not a function"),
        ("count()", "is written like"),
        ("count(1, 2)", "is written like"),
    ],
)
def test_what_can_never_work_is_a_fault_at_load(text: str, message: str) -> None:
    with pytest.raises(BadExpression) as caught:
        compiled(text)

    assert message in caught.value.detail


@pytest.mark.parametrize(
    "escape",
    [
        "contact.__class__",
        "event.data.__class__.__mro__",
        'event.data["__class__"]',
        "event.data.lines.__len__",
        "event.data.text.format",
        "event.data.keys",
        "contact.attributes.__init__.__globals__",
        "contact.visits.real",
        "now.__self__",
        "event.__dict__",
        "__import__",
        "contact.spent._same",
    ],
)
def test_no_path_reaches_an_attribute(escape: str) -> None:
    with pytest.raises((BadExpression, MissingField)):
        value_of(escape, EVENT, CONTACT)


def test_what_was_read_is_noted_for_the_trace() -> None:
    scene = a_scene(EVENT, CONTACT)

    compiled("contact.visits >= 5 and event.booking.service is missing").evaluate(scene)

    assert scene.saw == {"contact.visits": 5, "event.booking.service": None}


def test_what_a_short_cut_left_out_is_not_noted() -> None:
    scene = a_scene(EVENT, CONTACT)

    compiled("contact.visits >= 5 or event.data.n == 5").evaluate(scene)

    assert scene.saw == {"contact.visits": 5}


def test_a_condition_gives_true_or_false_only() -> None:
    with pytest.raises(EvaluationFailed, match="is not a condition"):
        compiled("event.data.text").holds(a_scene(EVENT, CONTACT))


WORDS: Any = st.sampled_from(
    [
        "contact.visits",
        "contact.tags",
        "event.data.n",
        "event.data.x",
        "event.data.lines",
        "event.booking.price",
        "vars.x",
        "now()",
        "(",
        "count(",
        "floor(",
        "money(",
        "percent(",
        "days_since(",
        ")",
        "[",
        "]",
        ",",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "=",
        "has",
        "in",
        "and",
        "or",
        "not",
        "is",
        "missing",
        "empty",
        "null",
        "true",
        "false",
        "+",
        "-",
        "*",
        "/",
        "5",
        "0",
        "1.50",
        "25.00",
        "USD",
        "3",
        "days",
        '"VIP"',
        "'",
        '"',
        ".",
        "${{",
        "}}",
        "{{",
        "\\",
        "=",
        "&&",
        "“",
        "_",
        "__class__",
        "999999999999",
    ]
)
ATOMS: Any = st.sampled_from(
    [
        "contact.visits",
        "contact.tags",
        "event.data.n",
        "event.data.x",
        "event.booking.price",
        "now()",
        "5",
        "-1.50",
        "25.00 USD",
        "3 days",
        '"VIP"',
        "true",
        "null",
        '["VIP", 5, 1 day]',
        "event.data.at",
    ]
)
SIGNS: Any = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "has", "in", "and", "or", "+", "-", "*", "/"])
WHOLE: Any = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, SIGNS, inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(st.sampled_from(["count", "floor", "lower", "number", "money", "days_since"]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
        st.lists(inner, min_size=1, max_size=5).map(lambda items: f"[{', '.join(items)}]"),
        inner.map(lambda text: f"not {text}"),
        inner.map(lambda text: f"({text}) is not empty"),
    ),
    max_leaves=12,
)


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.lists(WORDS, max_size=12).map(" ".join), st.text(max_size=40), WHOLE))
def test_any_text_ends_in_a_value_or_in_an_error_of_ours(text: str) -> None:
    try:
        compiled(text, Scope(vars={"x": 1})).evaluate(a_scene(EVENT, CONTACT))
    except ConnectorError as fault:
        assert fault.detail
