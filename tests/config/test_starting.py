"""What `connector init` writes works as it stands, and so does what it proposes."""

import re

import pytest

from connector.config import starting_config
from connector.domain.errors import FaultyFiles
from tests.config.conftest import Desk


def test_the_starting_configuration_is_sound_once_it_has_its_key(desk: Desk) -> None:
    settings = desk.load(starting_config())
    [account] = settings.accounts
    assert account.sandbox
    assert settings.recipes.path == desk.folder / "recipes"
    assert settings.database.url == f"sqlite:///{desk.folder}/connector.db"


def test_without_its_key_it_says_what_is_missing(desk: Desk) -> None:
    with pytest.raises(FaultyFiles, match="the environment variable CONNECTOR_KEY is not set"):
        Desk(desk.folder, {}).load(starting_config())


def test_it_shows_how_to_make_a_key() -> None:
    assert 'export CONNECTOR_KEY="$(openssl rand -base64 32)"' in starting_config()


def test_the_source_that_it_proposes_is_sound(desk: Desk) -> None:
    proposed = re.sub(r"(?m)^# (\[\[sources\]\]|\w+ = )", r"\1", starting_config())
    environ = {**desk.environ, "CALENDLY_SIGNING_KEY": "s1gning"}
    settings = Desk(desk.folder, environ).load(proposed)
    assert [(source.account, source.adapter) for source in settings.sources] == [("my-shop", "calendly")]
    assert settings.server.public_url == "https://gifts.example.com"
