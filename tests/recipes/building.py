"""Recipes built by hand, step by step: what a run does with them, whatever their text would be."""

from collections.abc import Callable
from typing import Any, Final

from connector.recipes.expressions import Expression, Spot, compile_expression
from connector.recipes.fields import Filled
from connector.recipes.names import UNKNOWN, Let, Scene, Scope, UnknownYet
from connector.recipes.recipe import Action, Branch, Choose, ForEach, Hold, Recipe, Step, Stop, Wait
from connector.recipes.templates import compile_template
from connector.recipes.values import read_duration
from connector.recipes.yamltree import Scalar

from .making import STEPS

FILE: Final = "recipes/vip.yaml"
IDS: Final = ("gift", "look")


def spot(text: str = "", line: int = 1) -> Spot:
    """A place of the file, at the beginning of `text`."""
    return Spot(FILE, Scalar(text, text, line, 5, 0))


def scope(lets: dict[str, Let] | None = None) -> Scope:
    """Where the results of the steps `gift` and `look`, and of the one before, may be read."""
    return Scope(lets=lets or {}, steps=dict.fromkeys(IDS, ()), previous=())


def expression(text: str, line: int = 1, lets: dict[str, Let] | None = None) -> Expression:
    return compile_expression(text, scope(lets), spot(text, line))


def when(*texts: str, lets: dict[str, Let] | None = None) -> tuple[Expression, ...]:
    return tuple(expression(text, lets=lets) for text in texts)


def value(name: str, fill: Callable[[Scene], Any]) -> Filled:
    """A field that is worked out when the step is done."""
    return Filled(name, "${{ … }}", fill)


def from_item(name: str) -> Filled:
    """A field that is the item of the innermost loop."""

    def fill(scene: Scene) -> Any:
        if scene.item is UNKNOWN:
            raise UnknownYet("known only once the step before is really performed")
        return scene.item

    return value(name, fill)


def of(text: str) -> Filled:
    """A field `note` that is an expression's value."""
    return value("note", expression(text).evaluate)


def act(
    name: str, *fields: Filled, step_id: str | None = None, conditions: tuple[Expression, ...] = ()
) -> Action:
    return Action(STEPS[name], step_id, conditions, fields, spot(name, 2))


def note(text: str, *conditions: str) -> Action:
    """A deed whose only field is a text."""
    return act("issue_card", value("note", lambda _: text), conditions=when(*conditions))


def wait(
    text: str | None = None, *conditions: str, until: Callable[[Scene], Any] | None = None, line: int = 3
) -> Wait:
    duration = None if text is None else read_duration(text)
    told = None if until is None else value("until", until)
    return Wait(when(*conditions), duration, told, spot("wait", line))


def hold(why: str | None = None, *conditions: str) -> Hold:
    told = None if why is None else compile_template(spot(why).scalar, scope(), FILE)
    return Hold(when(*conditions), told, spot("hold", 4))


def stop(*conditions: str) -> Stop:
    return Stop(when(*conditions), None, spot("stop", 5))


def choose(*branches: tuple[str | None, tuple[Step, ...]]) -> Choose:
    return Choose(
        (),
        tuple(Branch(when() if text is None else when(text), steps, spot()) for text, steps in branches),
        spot("choose", 6),
    )


def for_each(items: str, *steps: Step, conditions: tuple[Expression, ...] = ()) -> ForEach:
    return ForEach(conditions, expression(items, 7), steps, spot("for_each", 7))


def recipe(*steps: Step, conditions: tuple[str, ...] = (), **rest: Any) -> Recipe:
    whole: dict[str, Any] = {
        "name": "vip",
        "title": "A card",
        "status": "live",
        "revision": "ab12" * 16,
        "text": "",
        "file": FILE,
        "on": ("booking.completed",),
        "conditions": when(*conditions),
        "steps": steps,
        **rest,
    }
    return Recipe(**whole)
