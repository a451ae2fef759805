"""What the pages name is what there is: commands, verbs, errors, types, adapters, routes, modules.

The configuration's keys are held by tests/config. What the pages show running is
run by tests/test_docs_run.py.
"""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest

from connector import __version__
from connector.adapters import registry
from connector.adapters.flat import NAMES
from connector.adapters.generic_options import KNOWN as GENERIC_OPTIONS
from connector.cli.main import root
from connector.config.settings import ARRAYS, TABLES
from connector.domain import errors
from connector.domain.cards import SOURCES, STATES
from connector.domain.events import EVENT_TYPES
from connector.domain.messages import MESSAGE_TYPES
from connector.domain.retries import SCHEDULE
from connector.flows.access import DEFAULT_SCOPES
from connector.flows.performing import step_specs
from connector.operations.kit import SCOPES
from connector.recipes.decide import OUTCOMES
from connector.recipes.functions import FUNCTIONS
from connector.recipes.names import CARD, CONTACT
from connector.recipes.schema import RecipeFile, keys_of
from connector.recipes.steps import OWN_STEPS
from connector.web.arrival import route_of
from connector.web.factory import create_web
from tests.kit.house import open_house
from tests.kit.pages import PAGES, ROOT, code, first_cells, marked, page, section, table
from tests.kit.sources import sources
from tests.test_architecture import DOORS

COMMON_OPTIONS = {"--config", "--data", "--debug", "--help"}
CUSTOM = "custom.<name>"


def leaves(group: click.Group, above: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        path = (*above, name)
        found |= leaves(command, path) if isinstance(command, click.Group) else {path: command}
    return found


VERBS = leaves(root())


ERRORS = errors.every_error()
HOMES_OF_ERRORS = {f"connector/domain/{name}.py" for name in ("errors", "conflicts", "faults")}
FILES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "connector").rglob("*")
    if path.suffix in (".py", ".lark", ".toml")
}


# Links, commands, version


@pytest.mark.parametrize("name", PAGES)
def test_a_link_leads_to_a_page_and_a_heading_that_are_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page(name)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings]
            assert anchor in anchors, target


@pytest.mark.parametrize("name", PAGES)
def test_a_make_target_that_a_page_names_is_there(name: str) -> None:
    makefile = page("Makefile")
    for target in re.findall(r"(?:^|`)make ([a-z]+)", page(name), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_make_target_that_people_use_is_told() -> None:
    told = re.findall(r'"make (\w+) ', page("Makefile"))
    assert told
    for target in told:
        assert f"`make {target}`" in page("CONTRIBUTING.md"), target


def test_the_readme_leads_to_every_page() -> None:
    for name in PAGES:
        assert name == "README.md" or f"({name})" in page("README.md"), name


def test_the_changelog_speaks_of_this_version() -> None:
    assert re.search(rf"^## .*\b{re.escape(__version__)}\b", page("CHANGELOG.md"), re.MULTILINE)
    assert f"version {__version__}" in page("README.md")


# The command line


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_a_verb_is_documented_with_its_options_and_no_other(path: tuple[str, ...]) -> None:
    heading = f"### `connector {' '.join(path)}"
    [text] = [
        body
        for title, body in re.findall(r"^(### .+)\n((?:(?!^##).*\n?)*)", page("docs/cli.md"), re.MULTILINE)
        if title == f"{heading}`" or title.startswith(f"{heading} ")
    ]
    there = {word for one in VERBS[path].params for word in one.opts if word.startswith("--")}
    told = set(re.findall(r"`(--[a-z0-9-]+)", text))
    assert told == there - COMMON_OPTIONS


def test_no_verb_is_documented_that_is_not_there() -> None:
    told = re.findall(r"^### `connector ([a-z -]+)", page("docs/cli.md"), re.MULTILINE)
    assert {tuple(words.split()) for words in told} == set(VERBS)


# Errors


def test_every_error_is_documented_with_its_status_and_whether_to_try_again() -> None:
    told = {row[0].strip("`"): (row[1], row[2]) for row in table("docs/errors.md")}
    firsts = {code: errors.by_code(code) for code in {one.code for one in ERRORS}}
    there = {
        code: (str(one.status), "yes" if one.retryable else "no") for code, one in sorted(firsts.items())
    }
    assert told == there


def test_an_error_that_is_not_raised_yet_is_not_and_the_others_are() -> None:
    text = "".join(file.text for file in sources("connector") if file.path not in HOMES_OF_ERRORS)
    for row in table("docs/errors.md"):
        kind = errors.by_code(row[0].strip("`"))
        names = [one.__name__ for one in ERRORS if one.code == kind.code]
        is_raised = any(re.search(rf"\b{name}\b", text) for name in names) or kind.__subclasses__()
        assert bool(is_raised) == ("Not raised yet" not in row[3]), row[0]


# What comes in and what goes out


def test_every_event_type_is_documented() -> None:
    assert first_cells(section("docs/receiving.md", "## Events")) == {*EVENT_TYPES, CUSTOM}


def test_every_adapter_is_documented() -> None:
    rows = {row[0].strip("`"): row[1] for row in table("docs/receiving.md", "## Adapters")}
    assert rows == {name: one.title for name, one in registry.adapters().items()}


def test_every_flat_name_is_documented() -> None:
    told = marked(section("docs/receiving.md", "## Flat names").partition("```")[0])
    assert set(NAMES) <= told


def test_the_options_of_the_generic_adapter_are_documented() -> None:
    [block] = code(section("docs/receiving.md", "## Any other sender"), "toml")
    told = set(tomllib.loads(block)["sources"]["options"])
    elsewhere = {"delivery_id", "complete_after", "credential"}  # every source's: docs/configuration.md
    assert told == set(GENERIC_OPTIONS) - elsewhere


def test_every_message_type_is_documented_and_told_apart_from_those_that_nothing_sends() -> None:
    text = section("docs/webhooks.md", "## A message")
    sent = first_cells(text)
    waiting = marked(text.partition("nothing sends them yet")[2].partition("`event_types`")[0])
    assert sent | waiting == {*MESSAGE_TYPES, CUSTOM}
    code_of_doors = "".join(file.text for file in sources("connector/operations", "connector/flows"))
    for one in MESSAGE_TYPES:
        assert (f'"{one}"' in code_of_doors) == (one in sent), one


def test_the_schedule_of_retries_is_the_one_in_force() -> None:
    units = {"second": 1, "minute": 60, "hour": 3_600}
    told = []
    for number, (attempt, wait) in enumerate(table("docs/webhooks.md", "## What your answer means")[-8:]):
        count, unit = wait.split()
        assert attempt == str(number + 2)
        told.append(int(count) * units[unit.removesuffix("s")])
    assert told == [one.total_seconds() for one in SCHEDULE]


# REST


def test_every_route_is_documented_and_no_other(tmp_path: Path, sqlite_url: str) -> None:
    house = open_house(tmp_path, sqlite_url)
    app = create_web(house.gateway, public_url="http://127.0.0.1:8080", max_body_bytes=1_000)
    house.gateway.close()
    given = {"GET": {"HEAD", "OPTIONS"}, "POST": {"OPTIONS"}}  # what Flask adds by itself
    there = set()
    for rule in app.url_map.iter_rules():
        methods = rule.methods or set()
        for method in methods - (given["GET"] if "GET" in methods else {"OPTIONS"}):
            there.add(f"{method} {route_of(rule.rule)}")
    told = {row[0].strip("`") for row in table("docs/api.md", "## Calls") if row[0].startswith("`")}
    assert {one for one in told if "/" in one} == there


def test_every_scope_state_and_door_of_a_card_is_documented() -> None:
    assert first_cells(section("docs/api.md", "## Scopes")) == set(SCOPES)
    card = marked(section("docs/api.md", "## What a card looks like"))
    assert {*STATES, *SOURCES} <= card
    assert set(DEFAULT_SCOPES) <= marked(section("docs/cli.md", "### `connector keys create ACCOUNT`"))


# Recipes


def test_every_shipped_recipe_is_listed() -> None:
    text = section("docs/recipes.md", "## From a file to cards")
    listed = first_cells(text[text.index("| recipe |") :])
    assert listed == {path.stem for path in (ROOT / "recipes").glob("*.yaml")}


def test_every_key_of_a_recipe_is_documented() -> None:
    assert first_cells(section("docs/recipes.md", "## Keys")) == set(keys_of(RecipeFile))


def test_every_step_is_documented_with_its_fields_and_what_it_gives() -> None:
    rows = {row[0].strip("`"): row for row in table("docs/recipes.md", "## Steps")}
    assert set(rows) == {*step_specs(), *OWN_STEPS}
    for name, spec in step_specs().items():
        assert marked(rows[name][2]) - {CUSTOM} == {field.name for field in spec.fields}, name
        assert marked(rows[name][3]) == set(spec.gives), name


def test_every_function_and_every_field_of_a_contact_is_documented() -> None:
    text = section("docs/recipes.md", "## Expressions")
    contact, _, card = text.partition("What a contact has")[2].partition("What a card has")
    assert set(FUNCTIONS) <= marked(text)
    assert set(CONTACT) <= marked(contact)
    assert set(CARD) <= marked(card)


def test_every_outcome_of_a_run_is_documented() -> None:
    assert first_cells(section("docs/recipes.md", "## What a run comes to")) >= set(OUTCOMES)


# Operating


def test_no_table_of_keys_is_read_and_does_nothing() -> None:
    root_of_all = page("connector/app.py")
    for name in (*TABLES, *ARRAYS):
        assert f"settings.{name}" in root_of_all, name


def test_every_key_of_retention_says_what_goes_and_what_stays() -> None:
    told = first_cells(section("docs/operating.md", "## What is kept for how long"))
    assert told == set(TABLES["retention"].model_fields)


@pytest.mark.parametrize("heading", ["`event`", "metric"])
def test_what_is_said_to_be_logged_and_counted_is(heading: str) -> None:
    rows = section("docs/operating.md", "## Watching").partition(f"| {heading} |")[2].partition("\n\n")[0]
    told = first_cells(rows)
    everything = "".join(file.text for file in sources("connector"))
    assert told
    for name in told:
        written = name.removesuffix("_total")
        assert f'"{written}"' in everything, name


# Architecture


def test_the_floors_are_those_that_are_held() -> None:
    [told] = code(page("docs/architecture.md"), "floors")
    layers = tomllib.loads(page("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]["layers"]
    assert told.split("\n")[:-1] == layers


def test_every_module_stands_in_the_tree_and_no_other() -> None:
    [drawn] = code(page("docs/architecture.md"), "tree")
    folders: list[str] = []
    told = set()
    for line in drawn.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        del folders[depth:]
        if name.endswith("/"):
            folders.append(name)
        else:
            told.add("".join(folders) + name)
    globs = {one for one in told if "*" in one}
    assert told - globs <= FILES, "drawn, and not there"
    packages = {file for file in FILES if file.endswith("__init__.py")}
    missing = {
        file for file in FILES - packages - told if not any(_is_in(file, pattern) for pattern in globs)
    }
    assert missing == set(), "there, and not drawn: give each a line in the tree of docs/architecture.md"


def _is_in(file: str, pattern: str) -> bool:
    return file.count("/") == pattern.count("/") and fnmatch(file, pattern)


def test_every_file_that_the_walk_names_is_there() -> None:
    named = {one for one in marked(page("docs/architecture.md")) if one.startswith("connector/")}
    assert named - {"connector/"} <= FILES


def test_every_room_and_every_single_door_is_told() -> None:
    rooms = {path.name + "/" for path in (ROOT / "connector").iterdir() if (path / "__init__.py").is_file()}
    modules = {path.name for path in (ROOT / "connector").glob("*.py")} - {"__init__.py", "__main__.py"}
    assert first_cells(section("docs/architecture.md", "## Floors")) == rooms | modules
    assert {row[0] for row in table("docs/architecture.md", "## Single doors")} == set(DOORS)
