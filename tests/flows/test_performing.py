"""Steps beside the gift card deeds, and which of all steps could never be done."""

from pathlib import Path

import pytest

from connector.domain.errors import FaultyFiles
from connector.flows.performing import step_specs
from connector.recipes.reading import read_recipe
from tests.flows.making import a_house, a_recipe, an_order


@pytest.mark.parametrize(
    ("step", "email"),
    [
        ("add_tag: {tag: Thanked}", "mia@example.com"),
        ("add_tag: {tag: Thanked, to: zoe@example.com}", "zoe@example.com"),
    ],
)
def test_a_step_puts_a_tag_on_the_contact_or_on_somebody_named(
    step: str, email: str, database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, a_recipe("tagging", do=(step,))) as house:
        house.tell(type="booking.created", booking_id="b-1", email="zoe@example.com")

        [run] = house.tell(**an_order()).body["runs"]

        assert run["outcome"] == "done"
        tagged = house.gateway.people.page(house.account, {"tag": "Thanked"}).data
        assert [one["email"] for one in tagged] == [email]


def test_nobody_and_an_empty_tag_fail_the_run(sqlite_url: str, tmp_path: Path) -> None:
    nobody = a_recipe("nobody", do=("add_tag: {tag: Thanked, to: nobody@example.com}",))
    empty = a_recipe("empty", do=('add_tag: {tag: " "}',))
    with a_house(tmp_path, sqlite_url, nobody, empty) as house:
        runs = house.tell(**an_order()).body["runs"]

    assert {run["recipe"]: run["outcome"] for run in runs} == {"nobody": "failed", "empty": "failed"}


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("issue_card: {amount: 0.00 USD}", "`amount` is 0.00 USD, and must be above zero"),
        ("issue_card: {amount: -5.00 USD}", "`amount` is -5.00 USD, and must be above zero"),
        ("load_card: {amount: 0 USD}", "`amount` is 0.00 USD, and must be above zero"),
        ("add_points: {points: -5}", "`points` is -5, and must be above zero"),
        (
            "issue_card: {amount: 5.00 USD, recipient: {name: Mia, emial: mia@example.com}}",
            "`emial` is not a field of `recipient`: did you mean `email`?",
        ),
        ("issue_card: {amount: 5.00 USD, sender: {nmae: Zoe}}", "`nmae` is not a field of `sender`"),
        ("issue_card: {amount: 5.00 USD, recipient: {name: Mia}, sender: {name: Zoe}}", None),
        ('issue_card: {amount: 5.00 USD, recipient: "${{ event.referrer }}"}', None),
        ("issue_card: {amount: 5.00 USD, metadata: {emial: 5}}", None),
        ("send_webhook: {type: gift_card.issued}", "a recipe sends `custom.<name>` messages only"),
        ("send_webhook: {type: custom.two words}", "a recipe sends `custom.<name>` messages only"),
        ("adjust_card: {card: gc_1, amount: -5.00 USD, reason: goodwill}", None),
    ],
)
def test_a_step_that_could_never_be_done_is_a_fault_of_its_file(step: str, told: str | None) -> None:
    """It would go live, and fail for everybody."""
    text = f"recipe: r\ntitle: t\nstatus: draft\non: order.paid\ndo:\n  - {step}\n"

    faults: tuple[str, ...] = ()
    try:
        read_recipe(text.encode(), "r", "recipes/r.yaml", step_specs(), {})
    except FaultyFiles as faulty:
        faults = tuple(map(str, faulty.faults))

    assert len(faults) == (0 if told is None else 1)
    assert told is None or (told in faults[0] and faults[0].startswith("recipes/r.yaml:6:"))
