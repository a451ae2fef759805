"""Files that are made to hurt are refused with file, line and reason: T46 to T50, rows 134 to 158.

Nothing here is timed: what bounds the work is counted, so that a slow machine does not fail.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from connector.recipes.library import Library
from connector.recipes.reader import MAX_LINES
from connector.recipes.recipe import Action
from connector.recipes.values import EvaluationFailed
from connector.recipes.yamltree import MAX_FAULTS, MAX_NODES

from .making import STEPS, VIP, a_scene, an_event, compiled, doing, faults_of

HEAD: Final = "recipe: vip\ntitle: A card\nstatus: draft\n"
MERGES: Final = "".join(
    f"a{level}: &a{level} {{<<: [*a{level - 1}, *a{level - 1}], k{level}: 1}}\n" for level in range(1, 20)
)

REFUSED: Final = {
    "134 a bomb of merge keys": (f"a0: &a0 {{k: 1}}\n{MERGES}", "anchors (`&`) are not allowed"),
    "136 a python object": ("recipe: !!python/object/apply:os.system [id]\n", "tags (`!`) are not allowed"),
    "136 a python name": ("recipe: !!python/name:os.system x\n", "tags (`!`) are not allowed"),
    "136 a set": ("recipe: !!set {a}\n", "tags (`!`) are not allowed"),
    "136 binary": ("recipe: !!binary aGk=\n", "tags (`!`) are not allowed"),
    "136 a timestamp": ("recipe: !!timestamp 2026-01-01\n", "tags (`!`) are not allowed"),
    "136 an unknown tag": ("recipe: !mine x\n", "tags (`!`) are not allowed"),
    "138 a tilde": (
        VIP.replace("title: A card for a VIP", "title: ~"),
        "is read differently by different tools",
    ),
    "138 not a number": (VIP.replace("title: A card for a VIP", "title: .nan"), "is read differently"),
    "138 endless": (VIP.replace("title: A card for a VIP", "title: .inf"), "is read differently"),
    "138 yes is a text": (VIP.replace("status: live", "status: yes"), "`yes` is not a status"),
    "138 an amount of 1e3": (VIP.replace("25.00 USD\n", "1e3 USD\n", 1), "not an amount"),
    "138 an amount of 1_000": (VIP.replace("25.00 USD\n", "1_000 USD\n", 1), "1_000"),
    "140 two documents": (f"{VIP}---\n{VIP}", "a second document begins here"),
    "140 nothing": ("", "a recipe is a block of `key: value` lines"),
    "140 only comments": ("# nothing\n# at all\n", "a recipe is a block of `key: value` lines"),
    "142 five thousand brackets": (f"a: {'[' * 5_000}", "nested deeper than 32 levels"),
    "144 a list of a hundred thousand": (
        f"a: [{'1,' * 100_000}1]\n",
        f"more than {MAX_NODES} keys and values",
    ),
    "144 a text of a megabyte": (f"title: {'x' * 1_000_000}\n", "the file has more than 256 KiB"),
    "148 a recipe that starts itself": (
        f"{HEAD}on: custom.again\ndo:\n  - send_webhook: {{type: custom.again}}\n",
        "the message of this step, `custom.again`, starts this very recipe again",
    ),
    "150 a regular expression": (
        VIP.replace("contact.visits >= 5\nonce", 'contact.email matches "^(a+)+$"\nonce'),
        "`matches` does not fit here",
    ),
    "152 a loop in a loop in a loop": (
        VIP.replace(
            "do:\n",
            "do:\n  - for_each: {in: event.data.a, do: [{for_each: {in: item, do: "
            "[{for_each: {in: item, do: [stop]}}]}}]}\n",
        ),
        "`for_each` stands in more than 1 other",
    ),
    "154 a power": (VIP.replace("visits >= 5\nonce", "visits >= 10**(10**7)\nonce"), "`*` does not fit here"),
    "154 many templates": (
        VIP.replace("VIP since visit ${{ contact.visits }}", "${{ contact.visits }}" * 5_000),
        "a text has at most 100 parts",
    ),
    "154 a long number": (
        VIP.replace("visits >= 5\nonce", f"visits >= {'9' * 31}\nonce"),
        "more than 30 digits",
    ),
    "156 five thousand parentheses": (
        VIP.replace("contact.visits >= 5\nonce", f"{'(' * 900}5{')' * 900} == 5\nonce"),
        "an expression nests at most 64 levels",
    ),
    "156 an undefined field": (
        VIP.replace("contact.visits >= 5\nonce", "contact.x == 5\nonce"),
        "is not a field",
    ),
    "T47 a class": (
        VIP.replace("contact.visits >= 5\nonce", "contact.__class__ == 5\nonce"),
        "is not a field",
    ),
    "T47 an import": (
        VIP.replace("contact.visits >= 5\nonce", "__import__('os') == 5\nonce"),
        "is not a function",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_made_to_hurt_is_refused_with_its_place_and_reason(case: str) -> None:
    text, reason = REFUSED[case]

    faults = faults_of(text)

    assert any(reason in fault for fault in faults), faults
    assert len(faults) <= MAX_FAULTS
    assert all(fault.startswith("recipes/vip.yaml:") and len(fault) < 500 for fault in faults)


def _repeated() -> Iterator[tuple[str, str]]:
    """A slip, thousands of times over, wherever a list or a block may stand."""
    many = MAX_NODES // 6
    yield "types", VIP.replace("[contact.tag_added, booking.completed]", f"[{'bookin.completed, ' * many}x]")
    yield "conditions", VIP.replace("once_per", "  - contact.vists = 5\n" * many + "once_per")
    yield "keys", VIP + "".join(f"lmits{number}: 5\n" for number in range(many))
    yield "steps", VIP.replace("do:\n", "do:\n" + "  - isue_card: {}\n" * many)
    yield "goal", VIP + "goal:\n" + "".join(f"  withn{number}: bookin.x\n" for number in range(many))
    yield "tests", VIP + "  - {nam: x, event: y}\n" * many
    yield "vars", VIP + "vars:\n" + "".join(f"  v{number}: 5\n" for number in range(many))


@pytest.mark.parametrize(("where", "text"), list(_repeated()))
def test_a_slip_thousands_of_times_over_is_no_more_work_than_anybody_reads(where: str, text: str) -> None:
    """Row 144: each comparison with what might be meant costs, so they are bounded before."""
    faults = faults_of(text)

    assert 0 < len(faults) <= MAX_FAULTS, where
    assert MAX_FAULTS <= MAX_LINES


def test_a_division_by_zero_is_an_error_of_the_run() -> None:
    """Row 156."""
    with pytest.raises(EvaluationFailed, match="division by zero"):
        compiled("event.points / (event.points - event.points) == 1").evaluate(a_scene(an_event(points=5)))


@pytest.mark.parametrize(
    "written", ["{{7*7}}", "${7*7}", "{0.__class__}", "%s%n", "${{ contact.email }}", "{% raw %}", "#{7*7}"]
)
def test_what_a_payload_brings_is_never_read_as_a_template(written: str) -> None:
    """T49."""
    [step] = doing("  - issue_card: {amount: 5.00 USD, note: 'For ${{ event.data.name }}'}\n").steps
    assert isinstance(step, Action)

    note = step.fields[1].fill(a_scene(an_event(data={"name": written})))

    assert note == f"For {written}"


def test_one_hostile_file_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    """T46: running recipes are unaffected; row 146: each file is one recipe, in the order of names."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "vip.yaml").write_text(VIP, "utf-8")
    for number, (text, _) in enumerate(REFUSED.values()):
        (folder / f"bad{number}.yaml").write_text(text, "utf-8")

    snapshot = Library(folder, STEPS).load()

    assert [recipe.name for recipe in snapshot.for_event("booking.completed", "a", "b", "c")] == ["vip"]
    assert {entry.status for entry in snapshot.entries if entry.recipe != "vip"} == {"rejected"}
