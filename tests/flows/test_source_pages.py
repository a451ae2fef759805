"""The pages of docs/sources/ are what the adapters say, to the letter, and what they show works."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from connector.adapters import registry
from connector.cli.main import root
from connector.flows.first_recipes import first_recipe
from connector.flows.source_pages import INDEX, pages, steps
from tests.kit.pages import ROOT, code

FOLDER = ROOT / "docs" / "sources"
PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_one_that_its_adapter_makes(name: str) -> None:
    told = "write it anew: .venv/bin/connector sources pages docs/sources"
    assert (FOLDER / name).read_text("utf-8") == PAGES[name], told


def test_there_is_a_page_for_every_adapter_and_no_other() -> None:
    assert {one.name for one in FOLDER.iterdir()} == {INDEX, *(f"{name}.md" for name in registry.adapters())}


@pytest.mark.parametrize("name", registry.adapters())
def test_a_page_says_where_to_click_what_to_paste_and_what_comes(name: str) -> None:
    adapter, text = registry.adapters()[name], PAGES[f"{name}.md"]

    assert "<url>" in " ".join(adapter.guide.steps)
    assert adapter.guide.gives_secret or "<secret>" in " ".join(adapter.guide.steps)
    assert all(f"| `{one.platform_name}` | `{kind}` |" in text for kind, one in adapter.samples.items())
    assert all(f"\n- {fact}:" in text for fact in ("Delivery id", "Retries", "Known limits", "How sure"))
    assert code(text, "yaml") == [first_recipe(name, adapter.guide.start)]
    [block] = code(text, "toml")
    [source] = tomllib.loads(block)["sources"]
    assert (source["slug"], source["adapter"]) == (name, name)
    assert "credential" not in source or adapter.lookup is not None
    assert not re.search(r"<(?!url>|secret>|!--|https://)", re.sub(r"`[^`]*`", "", text)), (
        "this would be HTML"
    )


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_leads_to_is_there_and_its_commands_are_understood(name: str) -> None:
    text = PAGES[name]
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert (FOLDER / target).is_file(), target
    for folder in re.findall(r"`(integrations/[a-z0-9]+)`", text):
        assert (ROOT / folder / "README.md").is_file(), folder
    for line in re.findall(r"`connector ([^`\n]+ (?:DIR|my-shop)[^`\n]*)`", text):
        words = shlex.split(line.replace("DIR", "d"))
        command: click.Command = root()
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        command.make_context(command.name, words)


def test_the_steps_have_the_url_and_the_secret_in_their_places() -> None:
    guide = registry.find("zapier").guide
    told = " ".join(steps(guide, "https://x.example/hooks/a/b", "s3cret"))
    assert "https://x.example/hooks/a/b" in told and "Bearer s3cret" in told and "<" not in told


def test_a_page_never_says_whose_machine_made_it(tmp_path: Path) -> None:
    assert not [name for name, text in PAGES.items() if str(ROOT) in text]
