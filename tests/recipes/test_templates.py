"""Only the recipe's own text is rendered; what a payload brings appears as it came."""

import pytest

from connector.recipes.language import BadExpression
from connector.recipes.names import Scope
from connector.recipes.templates import MAX_RENDERED, Template, compile_template
from connector.recipes.values import EvaluationFailed
from connector.recipes.yamltree import Scalar

from .making import a_contact, a_scene, an_event


def a_template(text: str) -> Template:
    return compile_template(Scalar(text, text, 3, 10, 0), Scope(), "recipes/a.yaml")


def test_a_text_with_expressions_is_filled() -> None:
    scene = a_scene(an_event(), a_contact(visits=5))

    rendered = a_template("Visit ${{ contact.visits }} of ${{ 2 + 3 }}, ${{ '}}' }}").render(scene)

    assert rendered == "Visit 5 of 5, }}"


def test_an_expression_alone_keeps_its_kind() -> None:
    assert a_template("${{ contact.visits }}").render(a_scene(contact=a_contact(visits=5))) == 5


@pytest.mark.parametrize(
    "text",
    [
        "{{7*7}}",
        "${7*7}",
        "${{ 7*7 }}",
        "{0.__class__}",
        "%s%n",
        "#{7*7}",
        "<%= 7*7 %>",
        "{% raw %}",
        "$(id)",
    ],
)
def test_payload_text_is_never_looked_at_again(text: str) -> None:
    scene = a_scene(an_event(data={"text": text}))

    assert a_template("${{ event.data.text }}").render(scene) == text
    assert a_template("said: ${{ event.data.text }}!").render(scene) == f"said: {text}!"


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a ${{ contact.visits }", 2, "left open"),
        ("a ${{ '}}' ", 2, "left open"),
        ("a ${{ }}", 5, "an expression is expected"),
        ("a {{ contact.visits }}", 2, "expressions stand in"),
        ("a ${ contact.visits }", 2, "expressions stand in"),
        ("ab ${{ contact.vists }}", 15, "did you mean `visits`"),
        ("${{ 1 }}" * 101, 800, "at most 100 parts"),
    ],
)
def test_a_slip_in_a_text_is_told_where_it_stands(text: str, offset: int, message: str) -> None:
    with pytest.raises(BadExpression) as caught:
        a_template(text)

    assert message in caught.value.detail
    assert caught.value.offset == offset


def test_the_signs_themselves_can_be_written() -> None:
    assert a_template("${{ '{{' }} and ${{ '${{' }}").render(a_scene()) == "{{ and ${{"


def test_a_text_too_long_is_an_error_of_the_run() -> None:
    scene = a_scene(an_event(data={"long": "x" * MAX_RENDERED}))

    with pytest.raises(EvaluationFailed, match="letters") as caught:
        a_template("a ${{ event.data.long }}").render(scene)
    assert caught.value.place == "recipes/a.yaml:3:10"


def test_a_list_in_a_text_is_an_error_with_its_place() -> None:
    with pytest.raises(EvaluationFailed, match="a list cannot stand in a text") as caught:
        a_template("tags: ${{ contact.tags }}").render(a_scene(contact=a_contact()))
    assert caught.value.place == "recipes/a.yaml:3:19"
