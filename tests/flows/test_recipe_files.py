"""Recipe files: what is in force survives a bad file, and a restart."""

import json
from pathlib import Path

from connector.flows import recipe_files
from connector.flows.performing import step_specs
from connector.flows.recipe_files import entries
from connector.flows.recipe_files import tested as own_tests
from connector.recipes.library import Library
from tests.flows.making import a_recipe, an_order
from tests.kit.house import House, open_house

GOOD = a_recipe("gift")
PAUSED = a_recipe("off", status="paused")


def test_a_bad_file_keeps_the_last_good_revision_over_a_restart(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url, recipes={"gift": GOOD})
    [before] = house.gateway.recipes()
    house.gateway.close()

    again = open_house(
        tmp_path, database_url, recipes={"gift": GOOD.replace("status: live", "status: alive")}
    )

    [entry] = again.gateway.recipes()
    assert (entry["status"], entry["revision"]) == ("live", before["revision"])
    assert any("gift.yaml:3" in fault for fault in entry["errors"])
    assert [run["outcome"] for run in again.tell(**an_order()).body["runs"]] == ["done"]
    again.gateway.close()


def test_files_that_are_read_beside_a_gateway_stand_as_it_sees_them(sqlite_url: str, tmp_path: Path) -> None:
    """`recipes list` says `live` of a bad file whose last good revision acts; not of one never good."""
    house = open_house(
        tmp_path, sqlite_url, recipes={"gift": GOOD, "off": PAUSED, "broken": "recipe: broken"}
    )
    [_, before, _] = house.gateway.recipes()
    for name, text in (("gift", GOOD), ("off", PAUSED)):
        (house.recipes / f"{name}.yaml").write_text(text.replace("on: order.paid", "on: order.payd"))
    alone = Library(house.recipes, step_specs()).load().entries

    found = recipe_files.in_force(house.gateway.parts.engines, alone)

    assert [entry.status for entry in alone] == ["rejected"] * 3
    assert [entry.status for entry in found] == ["rejected", "live", "rejected"]
    assert found[1].revision == before["revision"] and "order.payd" in str(found[1].errors[0])
    house.gateway.close()


def test_a_bad_file_stops_no_other(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url, recipes={"gift": GOOD, "broken": "recipe: broken\n\tx"})

    listed = {entry["recipe"]: entry for entry in house.gateway.recipes()}

    assert listed["gift"]["status"] == "live"
    assert listed["broken"]["errors"]
    assert [run["recipe"] for run in house.tell(**an_order()).body["runs"]] == ["gift"]
    house.gateway.close()


def test_a_letter_that_is_new_while_the_gateway_runs_can_be_sent_by_a_recipe(
    sqlite_url: str, tmp_path: Path
) -> None:
    recipe = a_recipe("gift", do=("notify: {via: sms, template: thanks}",))
    letters = tmp_path / "templates"
    letters.mkdir()
    house = open_house(tmp_path, sqlite_url, recipes={"gift": recipe}, templates=letters)
    watch = recipe_files.Watch(house.gateway.parts)
    watch.look()
    [entry] = house.gateway.recipes()
    assert entry["status"] == "rejected" and "thanks" in entry["errors"][0]

    (letters / "thanks.sms").write_text("Thank you!")
    (letters / "broken.sms").write_text("{{ nobody.knows }}")
    watch.look(), watch.look()
    told = house.gateway.readiness()[1]
    assert [fault.partition(":")[0] for fault in told["letter_faults"]] == ["templates/broken.sms"]
    assert told["status"] == "ready" and told["recipe_faults"] == entry["errors"]

    (letters / "broken.sms").unlink()
    watch.look(), watch.look()
    assert [one["status"] for one in house.gateway.recipes()] == ["live"]
    told = house.gateway.readiness()[1]
    assert (told["letter_faults"], told["recipe_faults"]) == ([], [])
    house.gateway.close()


def test_each_revision_that_was_in_force_is_kept(database_url: str, tmp_path: Path) -> None:
    open_house(tmp_path, database_url, recipes={"gift": GOOD}).gateway.close()
    changed = GOOD.replace("25.00", "30.00")

    house = open_house(tmp_path, database_url, recipes={"gift": changed})

    assert {row["text"] for row in house.rows("revisions")} == {GOOD, changed}
    [state] = house.rows("recipe_states")
    assert state["revision"] == house.gateway.recipes()[0]["revision"]
    house.gateway.close()


def test_a_run_names_the_revision_that_decided(database_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, database_url, recipes={"gift": GOOD})

    house.tell(**an_order())

    [run] = house.rows("runs")
    assert run["revision"] == house.gateway.recipes()[0]["revision"]
    house.gateway.close()


def test_each_recipes_own_tests_are_told_by_name(sqlite_url: str, tmp_path: Path) -> None:
    wrong = a_recipe("wrong").replace("- issue_card: {}", "- issue_card: {amount: 1.00 USD}")
    house = open_house(tmp_path, sqlite_url, recipes={"gift": GOOD, "wrong": wrong, "junk": "x"})

    found = {one.entry.recipe: dict(one.results) for one in own_tests(house.gateway.parts.library)}

    assert found["gift"] == {"it acts": None, "it does not act": None}
    assert found["wrong"]["it acts"] is not None
    assert found["junk"] == {}
    assert {one["recipe"] for one in entries(house.gateway.parts.library.current)} == set(found)
    house.gateway.close()


def test_a_changed_file_is_taken_while_the_gateway_runs(house: House) -> None:
    watch = recipe_files.Watch(house.gateway.parts)
    file = house.recipes / "first-booking.yaml"
    before = house.gateway.recipes()[0]["revision"]
    assert [watch.look(), watch.look()] == [0, 0]

    file.write_text(file.read_text().replace("25.00", "30.00"))
    assert [watch.look(), watch.look(), watch.look()] == [0, 1, 0], "two looks agree on it"

    answer = house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    assert answer.body["runs"][0]["outputs"]["card"]["balance"] == 3000
    [state] = house.rows("recipe_states")
    assert state["revision"] == house.gateway.recipes()[0]["revision"] != before


def test_a_bad_file_is_told_once_and_its_last_good_revision_goes_on(house: House) -> None:
    watch = recipe_files.Watch(house.gateway.parts)
    file = house.recipes / "first-booking.yaml"
    good = file.read_text()
    for text in (good.replace("visits == 0", "vists == 0"), good, good.replace("visits == 0", "vists == 0")):
        file.write_text(text)
        for _ in range(3):
            watch.look()

    answer = house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")

    assert answer.body["runs"][0]["outcome"] == "done"
    told = [json.loads(row["body"]) for row in house.rows("messages", type="recipe.rejected")]
    own = [one["data"]["recipe"] for one in told if one["account"] == "glow-spa"]
    assert [one["name"] for one in own] == ["first-booking"]
    assert own[0]["errors"][0].startswith("recipes/first-booking.yaml:6:13: ")
    assert "did you mean `visits`" in own[0]["errors"][0]


def test_looking_at_files_that_did_not_change_writes_nothing(house: House) -> None:
    watch = recipe_files.Watch(house.gateway.parts)
    before = house.everything()

    assert [watch.look() for _ in range(4)] == [0, 0, 0, 0]

    assert house.everything() == before
