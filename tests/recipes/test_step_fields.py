"""Fields below a step are compiled for their kind, in a recipe as in its tests."""

from connector.recipes.recipe import Action

from .making import a_scene, an_event, doing, faults_of


def test_a_block_of_fields_may_hold_expressions_at_any_depth() -> None:
    recipe = doing('  - send_webhook: {type: custom.x, data: {a: ["${{ event.id }}", 5], b: {c: x}}}\n')

    [step] = recipe.steps
    assert isinstance(step, Action)
    assert [field.name for field in step.fields] == ["type", "data"]
    assert step.fields[1].source == {"a": ["${{ event.id }}", 5], "b": {"c": "x"}}
    assert step.fields[1].fill(a_scene(an_event())) == {"a": ["evt_1", 5], "b": {"c": "x"}}


def test_a_misspelt_field_that_is_needed_is_one_fault_and_not_two() -> None:
    head = "recipe: vip\ntitle: A card\nstatus: draft\non: booking.completed\ndo:\n"

    faults = faults_of(f"{head}  - issue_card: {{amuont: 5.00 USD}}\n")

    assert faults == [
        "recipes/vip.yaml:6:18: `amuont` is not a field of `issue_card`: did you mean `amount`?"
    ]
