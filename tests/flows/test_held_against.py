"""A path that nothing recorded has, a source that is not there: told at its place, with what was meant."""

from pathlib import Path

import pytest

from connector.domain.inbound import Request
from connector.flows import held_against, recipe_files
from connector.flows.held_against import MAX_ACCOUNTS
from connector.store import accounts
from tests.flows.making import a_house, a_recipe, a_schedule, an_order
from tests.kit import process
from tests.kit.house import BY_HAND, House


def told(house: House) -> dict[str, list[str]]:
    parts = house.gateway.parts
    found = held_against.hints(parts.engines, parts.library.current)
    return {name: [str(one) for one in hints] for name, hints in found.items()}


def a_reader(name: str, *paths: str, **how: str) -> str:
    """A recipe that reads these paths, all of which may be missing."""
    lines = "".join(f"  - {path} is missing or {path} is not missing\n" for path in paths)
    return a_recipe(name, **how).replace("if:\n", f"if:\n{lines}", 1)


def test_a_path_that_no_event_has_is_told_with_what_was_meant(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, a_reader("gift", "event.data.amuont", "event.data.amount")) as house:
        assert told(house) == {}, "nothing is recorded, so nothing is known"
        for number in range(3):
            house.tell(**an_order(f"o-{number}"))

        assert told(house) == {
            "gift": [
                (
                    "recipes/gift.yaml:6:5: `event.data.amuont` is in 0 of the last 3 events of this type: "
                    "did you mean `amount`?"
                )
            ]
        }


def test_one_event_that_has_it_is_enough(sqlite_url: str, tmp_path: Path) -> None:
    """Also where it is the oldest, and where it is null."""
    with a_house(tmp_path, sqlite_url, a_reader("gift", "event.data.coupon", "event.data.note")) as house:
        house.tell(**an_order("o-0", coupon="SPRING", note=None))
        for number in range(60):
            house.tell(**an_order(f"o-{number + 1}"))

        assert told(house) == {}


def test_of_several_types_one_is_enough_and_they_count_together(sqlite_url: str, tmp_path: Path) -> None:
    paths = ("event.data.invoice_id", "event.data.bogus")
    reader = a_reader("gift", *paths, on="[order.paid, invoice.paid]")
    with a_house(tmp_path, sqlite_url, reader) as house:
        house.tell(**an_order())
        house.tell(
            type="invoice.paid", invoice_id="i-1", email="mia@example.com", amount="1.00", currency="USD"
        )

        [hint] = told(house)["gift"]
        assert (
            "`event.data.bogus` is in 0 of the last 2 events of these types (order.paid, invoice.paid)"
            in hint
        )


def test_only_events_that_the_recipe_would_see_count(sqlite_url: str, tmp_path: Path) -> None:
    elsewhere = a_reader("elsewhere", "event.data.amount").replace("if:\n", "from: zapier\nif:\n", 1)
    other = a_reader("other", "event.data.amuont").replace("if:\n", "account: other-shop\nif:\n", 1)
    with a_house(tmp_path, sqlite_url, elsewhere, other) as house:
        house.tell(**an_order())

        assert told(house) == {}


def test_attributes_are_held_against_people(database_url: str, tmp_path: Path) -> None:
    daily = a_schedule(
        "daily", condition='contact.attributes.levle is missing or contact.attributes.level == "x"'
    )
    daily = daily.replace("{tags: [VIP], email: mia@example.com}", "{email: mia@example.com}")
    daily = daily.replace("{tags: []}", "{attributes: {levle: a, level: b}}")
    with a_house(tmp_path, database_url, daily) as house:
        assert told(house) == {}
        for name, level in (("ada", "gold"), ("bea", "tin")):
            fields = {"email": f"{name}@example.com", "attributes": {"level": level}}
            house.gateway.people.create(house.account, BY_HAND, fields)

        assert told(house) == {
            "daily": [
                (
                    "recipes/daily.yaml:6:5: `contact.attributes.levle` is on 0 of the last 2 contacts: "
                    "did you mean `level`?"
                )
            ]
        }


def test_with_too_many_accounts_only_a_recipe_for_one_of_them_is_held(
    sqlite_url: str, tmp_path: Path
) -> None:
    own = a_reader("own", "event.data.bogus").replace("if:\n", "account: glow-spa\nif:\n", 1)
    with a_house(tmp_path, sqlite_url, own, a_reader("any", "event.data.bogus")) as house:
        house.tell(**an_order())
        assert set(told(house)) == {"own", "any"}
        values = {"name": "x", "currency": "USD", "timezone": "UTC", "country": "US", "sandbox": True}
        house.gateway.parts.writer.run(
            lambda tx: [
                accounts.add(tx, slug=f"a{number}", values=values, managed_by="api")
                for number in range(MAX_ACCOUNTS)
            ]
        )

        assert set(told(house)) == {"own"}


def test_a_running_gateway_tells_it_and_is_ready_all_the_same(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, a_reader("gift", "event.data.amuont")) as house:
        house.tell(**an_order())

        recipe_files.Watch(house.gateway.parts).look()

        [entry] = house.gateway.recipes()
        assert (entry["status"], entry["errors"]) == ("live", [])
        assert "did you mean `amount`" in entry["warnings"][0]
        assert house.gateway.readiness() == (
            True,
            {
                "status": "ready",
                "checks": {"database": True, "migrations": True, "recipes": True},
                "recipe_faults": [],
                "letter_faults": [],
            },
        )
        assert house.rows("messages", type="recipe.rejected") == []
        assert [run["outcome"] for run in house.tell(**an_order("o-2")).body["runs"]] == ["done"]


def test_a_recipe_with_faults_is_not_held_as_well(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_reader("gift", "event.data.amuont")) as house:
        house.tell(**an_order())
        watch = recipe_files.Watch(house.gateway.parts)
        (house.recipes / "gift.yaml").write_text("recipe: gift\n")
        for _ in range(3):
            watch.look()

        [entry] = house.gateway.recipes()
        assert entry["errors"] and entry["warnings"] == []


@pytest.mark.parametrize("verb", ["check", "list"])
def test_the_command_line_tells_it_where_there_is_a_database(verb: str, tmp_path: Path) -> None:
    """And is content without one."""
    place = process.settle(tmp_path / "place", recipe=process.RECIPE)
    recipe = place.folder / "recipes" / "a-card-each.yaml"
    slip = "if:\n  - event.data.evnet is missing or contact.visits >= 0\n"
    recipe.write_text(recipe.read_text().replace("if:\n", slip, 1))
    gateway = place.gateway()
    try:
        url = "http://127.0.0.1:1/hooks/glow-spa/calendly"
        post = gateway.sample("glow-spa", "calendly", "booking.created", url=url)
        headers = {name.lower(): value for name, value in post.headers.items()}
        now = gateway.parts.clock.now()
        gateway.receive("glow-spa", "calendly", Request("POST", url, headers, post.body, "127.0.0.1", now))
    finally:
        gateway.close()

    ran = process.call("recipes", verb, "--json", "--config", place.config, folder=place.folder)

    [entry] = ran.json["data"]
    assert (ran.code, entry["errors"], len(entry["warnings"])) == (0, [], 1), ran
    assert "is in 0 of the last 1 events of this type: did you mean `event`?" in entry["warnings"][0]

    (place.folder / "data" / "connector.db").rename(place.folder / "away.db")
    (place.folder / "data").rename(place.folder / "gone")
    without = process.call("recipes", verb, "--json", "--config", place.config, folder=place.folder)
    assert (without.code, without.json["data"][0]["warnings"]) == (0, [])
    assert not (place.folder / "data").exists()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("account: glow-sap", "5:10: `glow-sap` is no account: did you mean `glow-spa`?"),
        ("from: calendy", "5:7: `calendy` is neither a source nor an adapter: did you mean `calendly`?"),
        (
            "from: [zapier, stand, ledger]",
            "5:16: `stand` is neither a source nor an adapter: did you mean `standard`?",
        ),
        ("from: elsewhere", "5:7: `elsewhere` is neither a source nor an adapter"),
        ("account: glow-spa", None),
        ("from: [standard, hubspot]", None),
    ],
)
def test_an_account_or_a_source_that_is_not_there_is_told(
    line: str, hint: str | None, sqlite_url: str, tmp_path: Path
) -> None:
    """No run ever says it. A recipe that does not act yet may name what is still to come."""
    named = a_recipe("gift").replace("if:\n", f"{line}\nif:\n", 1)
    draft = a_recipe("later", status="draft").replace("if:\n", "from: x\naccount: nobody\nif:\n", 1)
    with a_house(tmp_path, sqlite_url, named, draft) as house:
        assert told(house) == ({"gift": [f"recipes/gift.yaml:{hint}"]} if hint else {})


def test_a_source_of_another_account_is_none_of_a_recipe_for_one(database_url: str, tmp_path: Path) -> None:
    anybodys, others = (a_recipe(name).replace("if:\n", "from: till\nif:\n", 1) for name in ("any", "own"))
    others = others.replace("from:", "account: glow-spa\nfrom:")
    with a_house(tmp_path, database_url, anybodys, others) as house:
        assert set(told(house)) == {"any", "own"}
        house.gateway.directory.create_source(house.other, slug="till", adapter="generic")

        assert told(house) == {"own": ["recipes/own.yaml:6:7: `till` is neither a source nor an adapter"]}
