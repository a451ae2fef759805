"""What in integrations/ follows from the gateway is what the gateway says, to the letter."""

import re
import shlex

import click
import pytest

from connector.cli.main import root
from connector.domain.messages import MESSAGE_TYPES
from tests.integrations.written import FOLDER, actions, name_of, written

WRITTEN = written()


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_is_the_one_that_is_written_from_the_gateway(name: str) -> None:
    told = "write it anew: .venv/bin/python -m tests.integrations.written"
    assert (FOLDER / name).read_text("utf-8") == WRITTEN[name], told


def test_every_action_and_every_message_has_its_place_in_the_zapier_app() -> None:
    assert all(f'"action": "{name_of(one)}"' in WRITTEN["zapier/actions.json"] for one in actions())
    events = WRITTEN["zapier/events.json"]
    assert [one for one in MESSAGE_TYPES if f'"event": "{one}"' not in events] == ["ping"]


@pytest.mark.parametrize("folder", ["", "highlevel", "make", "n8n", "zapier"])
def test_what_a_page_leads_to_is_there_and_its_commands_are_understood(folder: str) -> None:
    page = FOLDER / folder / "README.md"
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\((?!https://)([^)#\s]+)", text):
        assert (page.parent / target).is_file(), target
    for line in re.findall(r"`connector ([^`]+)`", text):
        words = shlex.split(line.replace("URL", "https://x.example"))
        command: click.Command = root()
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        command.make_context(command.name, words)
