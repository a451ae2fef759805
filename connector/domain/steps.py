"""How a gift card deed looks to a recipe: plain data, so that recipes need not know the deeds."""

from dataclasses import dataclass
from typing import Final

FIELD_KINDS: Final = (
    "text",
    "money",
    "moment",
    "flag",
    "whole",
    "card",
    "contact",
    "mapping",
    "texts",
    "custom_type",
    "any",
)


@dataclass(frozen=True, slots=True)
class StepField:
    """One field of a step.

    `kind` is one of FIELD_KINDS: `money` is `25.00 USD`; `moment` a time or a
    duration from now (`12 months`); `card` an id; `texts` one text or a list;
    `custom_type` a message type `custom.<name>`; `any` whatever stands there.
    `choices` closes the set of texts, `names` what may stand in a mapping;
    `above_zero` is a sum or number of which the deed takes none that is zero or less.
    """

    name: str
    kind: str
    required: bool = False
    help: str = ""
    choices: tuple[str, ...] = ()
    above_zero: bool = False
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in FIELD_KINDS:
            raise ValueError(f"{self.kind} is not a kind of field")


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One action of the recipe language.

    `gives` are the names that later steps can read below `steps.<id>.` and
    `previous.`; `changes` is False for a step that only looks, which shadow
    runs and trials perform for real.
    """

    name: str
    title: str
    fields: tuple[StepField, ...]
    gives: tuple[str, ...] = ()
    changes: bool = True
