"""Steps beside the gift card deeds: a tag on a contact."""

from pathlib import Path

import pytest

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
