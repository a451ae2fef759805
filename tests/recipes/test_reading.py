"""A file becomes one frozen recipe, or a list of faults."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import FaultyFiles
from connector.recipes.reading import read_recipe

from .making import STEPS, VIP, a_contact, a_recipe, a_scene, an_event, faults_of


def test_a_recipe_knows_its_revision_and_its_text() -> None:
    recipe = a_recipe()

    assert recipe.revision == hashlib.sha256(VIP.encode()).hexdigest()
    assert recipe.text == VIP
    assert recipe.on == ("contact.tag_added", "booking.completed")


def test_six_lines_are_a_recipe() -> None:
    text = (
        "recipe: vip\ntitle: A card\nstatus: draft\non: order.paid\ndo:\n  - issue_card: {amount: 5.00 USD}\n"
    )

    assert faults_of(text) == []


def test_the_name_is_the_files_name() -> None:
    assert faults_of(VIP, "gold") == [
        "recipes/gold.yaml:1:9: the recipe is named `vip`, but its file `gold.yaml`"
    ]


@pytest.mark.parametrize(
    ("wrong", "right", "fault"),
    [
        ("event: booking.completed", "event: order.paid", "16:12: `order.paid` is not in this recipe's `on`"),
        (
            "because: contact.visits >= 5",
            "because: contact.visits >= 6",
            "24:14: `contact.visits >= 6` is no condition",
        ),
        ("visits: 5}", "visits: 5}, now: today", "17:12: `now`: `today` is not a time"),
        ("visits: 5}", "visits: 5}, timezone: Mars", "17:12: `Mars` is not a time zone"),
        ("visits: 5}", "visits: 5}, timezone: ../x", "17:12: `../x` is not a time zone"),
        ("visits: 5}", "visits: 5}, currency: XXX", "17:12: 'XXX' is not an ISO 4217"),
        ("- issue_card: {amount: 25.00 USD}", "- isue_card: {}", "19:9: `isue_card` is not a step"),
        ("- issue_card: {amount: 25.00 USD}", "- issue_card: {amnt: 5}", "19:22: `amnt` is not a field"),
        ("- issue_card: {amount: 25.00 USD}", "- stop", "19:9: `stop` does nothing that a test"),
        ("once_per: contact", "once_per: contact.nothing", "8:19: `contact.nothing` is not a field"),
        ("once_per: contact", "let: {a: let.b, b: 5}", "8:10: `let.b` is not known at this place"),
        ("once_per: contact", "let: {a: contact.visits + vars.q}", "8:27: `vars.q` is not known"),
        ("once_per: contact", "let: {a: [1]}", "8:10: an expression is expected here"),
    ],
)
def test_a_fault_in_names_and_tests_has_its_place(wrong: str, right: str, fault: str) -> None:
    assert wrong in VIP

    faults = faults_of(VIP.replace(wrong, right, 1))

    assert [each.removeprefix("recipes/vip.yaml:").startswith(fault) for each in faults] == [True]


@pytest.mark.parametrize(
    ("on", "told"),
    [
        (
            "{schedule: every day at 10:00}",
            ["recipes/vip.yaml:5:1: a schedule has no source: leave out `from`"],
        ),
        ("{cron: 0 10 * * *, for_each: contact}", ["recipes/vip.yaml:5:1: a schedule has no source"]),
        ("order.paid", []),
    ],
)
def test_a_schedule_comes_from_nowhere(on: str, told: list[str]) -> None:
    """It would be due for ever, and never begin."""
    head = f"recipe: vip\ntitle: A card\nstatus: draft\non: {on}\n"

    found = faults_of(f"{head}from: [calendly, zapier]\ndo: [{{send_webhook: {{type: custom.x}}}}]\n")

    assert [fault[: len(begin)] for fault, begin in zip(found, told, strict=True)] == told
    assert faults_of(f"{head}from: null\ndo: [{{send_webhook: {{type: custom.x}}}}]\n") == []


def test_once_per_counts_several_values_together() -> None:
    """S000-53: once for each lapse of each contact."""
    recipe = a_recipe(VIP.replace("once_per: contact", "once_per: [contact, event.booking.id]"))
    assert recipe.once_per is not None

    keys = [
        recipe.once_per.evaluate(a_scene(an_event(booking={"id": booking}), a_contact(id=contact)))
        for contact, booking in (("a", "b"), ("a", "c"), ("a b", ""), ("a", "b"))
    ]

    assert len(set(keys)) == 3
    assert keys[0] == keys[3]
    assert recipe.once_per.text == "contact.id, event.booking.id"


@pytest.mark.parametrize(
    ("once", "fault"),
    [
        ("[contact, event.bookin.id]", "8:27: `event.bookin` is not a field"),
        ("[]", "8:11: `once_per` is empty"),
        ("[contact, [contact]]", "8:21: "),
        ("[contact, contact, contact, contact, contact, contact]", "8:11: `once_per` counts at most 5"),
    ],
)
def test_a_fault_in_one_of_several_values_has_its_place(once: str, fault: str) -> None:
    faults = faults_of(VIP.replace("once_per: contact", f"once_per: {once}"))

    assert [each.removeprefix("recipes/vip.yaml:").startswith(fault) for each in faults] == [True]


def test_too_many_names_are_refused() -> None:
    names = "".join(f"  n{number}: {number}\n" for number in range(51))

    assert faults_of(f"{VIP}let:\n{names}") == ["recipes/vip.yaml:26:3: at most 50 names"]


def test_a_long_chain_of_names_is_refused_before_it_can_exhaust_anything() -> None:
    names = "  n0: 1\n" + "".join(f"  n{n}: (((let.n{n - 1} + 1)))\n" for n in range(1, 50))

    assert any("levels, its `let` names counted" in each for each in faults_of(f"{VIP}let:\n{names}"))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(VIP)),
    st.integers(0, 12),
    st.text(alphabet=st.sampled_from("a: -[]{}\"'\n$&|=>5.\té“"), max_size=6),
)
def test_a_recipe_damaged_anywhere_is_a_recipe_or_faults_with_places(at: int, cut: int, put: str) -> None:
    text = VIP[:at] + put + VIP[at + cut :]
    try:
        read_recipe(text.encode(), "vip", "recipes/vip.yaml", STEPS)
    except FaultyFiles as fault:
        assert fault.faults
        assert all(
            each.file == "recipes/vip.yaml" and each.line >= 1 and each.message for each in fault.faults
        )


def test_a_file_cut_at_any_byte_is_never_half_a_recipe_that_acts() -> None:
    for length in range(len(VIP)):
        try:
            recipe = read_recipe(VIP.encode()[:length], "vip", "recipes/vip.yaml", STEPS)
        except FaultyFiles:
            continue
        assert len(recipe.conditions) == 2
        assert recipe.once_per is not None
