"""Without a file there is a demo: the same keys each time, for this machine only."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from connector.config import Settings, embedded, embedded_api_key, make_database_folder
from connector.domain.errors import FaultyFiles, ValidationFailed
from connector.domain.ids import new_token
from connector.domain.sealing import KeyRing
from tests.config.conftest import LEAST, Desk

ADAPTERS: Final[dict[str, Callable[[], str]]] = {
    "standard": lambda: "whsec_" + new_token(),
    "calendly": new_token,
    "cal_com": new_token,
}


def demo(folder: Path, listen: str | None = None) -> Settings:
    return embedded(folder / "data", listen, ADAPTERS, folder / "packaged", folder)


def test_the_demo_is_a_sandbox_that_only_this_machine_reaches(tmp_path: Path) -> None:
    settings = demo(tmp_path)
    [account] = settings.accounts
    assert (account.slug, account.name, account.sandbox) == ("demo", "Demo", True)
    assert (account.currency, account.timezone, account.country) == ("USD", "America/New_York", "US")
    assert settings.path is None
    assert settings.server.listen == ("127.0.0.1", 8080)
    assert settings.server.public_url == "http://127.0.0.1:8080"
    assert settings.database.url == f"sqlite:///{tmp_path}/data/connector.db"
    assert settings.delivery.allow_networks == ("127.0.0.0/8",)
    assert settings.delivery.allow_http
    assert KeyRing(settings.secrets.keys)


def test_the_demo_has_a_source_for_each_adapter(tmp_path: Path) -> None:
    sources = demo(tmp_path).sources
    assert [(source.slug, source.adapter) for source in sources] == [
        ("cal-com", "cal_com"),
        ("calendly", "calendly"),
        ("standard", "standard"),
    ]
    assert all(source.account == "demo" and source.return_codes for source in sources)
    assert len({source.secrets for source in sources}) == 3
    assert sources[2].secrets[0].startswith("whsec_")


def test_the_second_start_finds_what_the_first_made(tmp_path: Path) -> None:
    first, api_key = demo(tmp_path), embedded_api_key(tmp_path / "data")
    assert demo(tmp_path) == first
    assert embedded_api_key(tmp_path / "data") == api_key
    assert api_key.startswith("gck_")


def test_an_adapter_that_came_later_gets_a_secret_and_the_others_keep_theirs(tmp_path: Path) -> None:
    first = demo(tmp_path)
    more = {**ADAPTERS, "square": new_token}
    second = embedded(tmp_path / "data", None, more, tmp_path / "packaged", tmp_path)
    assert {source.slug: source.secrets for source in first.sources}.items() <= {
        source.slug: source.secrets for source in second.sources
    }.items()


def test_two_demos_share_no_key(tmp_path: Path) -> None:
    one, other = demo(tmp_path / "one"), demo(tmp_path / "other")
    assert one.secrets.keys != other.secrets.keys
    assert not {source.secrets for source in one.sources} & {source.secrets for source in other.sources}
    assert embedded_api_key(tmp_path / "one" / "data") != embedded_api_key(tmp_path / "other" / "data")


def test_everything_that_the_demo_made_is_its_owners_alone(tmp_path: Path) -> None:
    demo(tmp_path)
    embedded_api_key(tmp_path / "data")
    made = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert len(made) == 7
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700, 0o600}


def test_the_recipes_of_the_working_folder_come_before_those_that_were_shipped(tmp_path: Path) -> None:
    assert demo(tmp_path).recipes.path == tmp_path / "packaged"
    (tmp_path / "recipes").mkdir()
    assert demo(tmp_path).recipes.path == tmp_path / "recipes"


def test_another_address_can_be_chosen(tmp_path: Path) -> None:
    settings = demo(tmp_path, "127.0.0.1:9000")
    assert settings.server.listen == ("127.0.0.1", 9000)
    assert settings.server.public_url == "http://127.0.0.1:9000"


@pytest.mark.parametrize("listen", ["9000", "nowhere", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_said(tmp_path: Path, listen: str) -> None:
    with pytest.raises(ValidationFailed, match="is not an address") as refused:
        demo(tmp_path, listen)
    assert [error.field for error in refused.value.errors] == ["listen"]


@pytest.mark.parametrize("name", ["ring", "source-calendly", "api"])
@pytest.mark.parametrize("content", ["", "half", "\n"])
def test_a_damaged_key_is_never_taken_nor_replaced(tmp_path: Path, name: str, content: str) -> None:
    demo(tmp_path)
    embedded_api_key(tmp_path / "data")
    damaged = tmp_path / "data" / "keys" / name
    damaged.write_text(content)

    with pytest.raises(FaultyFiles, match="is damaged"):
        demo(tmp_path)
        embedded_api_key(tmp_path / "data")

    assert damaged.read_text() == content


@pytest.mark.parametrize(
    ("name", "content"), [("ring", "c2hvcnQ=\n"), ("ring", "é\n"), ("api", "gck_short\n")]
)
def test_a_key_of_the_wrong_shape_is_refused(tmp_path: Path, name: str, content: str) -> None:
    demo(tmp_path)
    embedded_api_key(tmp_path / "data")
    (tmp_path / "data" / "keys" / name).write_text(content)
    with pytest.raises(FaultyFiles, match="is damaged"):
        demo(tmp_path)
        embedded_api_key(tmp_path / "data")


def test_a_data_folder_that_cannot_be_one_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(FaultyFiles, match="this folder cannot be made"):
        demo(tmp_path)


def test_a_foreign_file_in_place_of_the_database_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "connector.db").write_text("a shopping list that is long enough")
    with pytest.raises(FaultyFiles, match="is not an SQLite database"):
        demo(tmp_path)


def test_a_data_folder_may_be_named_from_here(tmp_path: Path) -> None:
    here = Path(os.path.relpath(tmp_path))
    url = embedded(here / "data", None, {}, here, here).database.url
    assert Path(url.removeprefix("sqlite:///")).is_absolute()
    assert Path(url.removeprefix("sqlite:///")).resolve() == tmp_path / "data" / "connector.db"


def test_the_demo_never_shows_its_secrets(tmp_path: Path) -> None:
    settings = demo(tmp_path)
    shown = f"{settings!r} {settings}"
    for source in settings.sources:
        assert source.secrets[0] not in shown
    assert repr(settings.secrets.keys[0]) not in shown


def test_the_folder_of_a_database_is_made(desk: Desk) -> None:
    settings = desk.load(LEAST + "[database]\nurl = 'sqlite:///new/x.db'\n")
    make_database_folder(settings)
    make_database_folder(settings)
    assert (desk.folder / "new").stat().st_mode & 0o777 == 0o700


def test_a_database_elsewhere_needs_no_folder(desk: Desk) -> None:
    before = sorted(desk.folder.iterdir())
    settings = desk.load(LEAST + "[database]\nurl = 'postgresql://shop@localhost/gifts'\n")
    make_database_folder(settings)
    assert sorted(desk.folder.iterdir()) == sorted([*before, desk.path])
