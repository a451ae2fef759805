"""What is allowed and dangerous, or will not work, is said once at the start."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.config import embedded, warnings_about
from tests.config.conftest import A_SANDBOX, A_SHOP, A_SOURCE, LEAST, Desk
from tests.kit.clock import FixedClock

WITH_FILE = LEAST + A_SHOP + A_SOURCE + 'secrets = ["file:signing"]\n'
OPEN = '[server]\nlisten = "0.0.0.0:8080"\npublic_url = "https://gifts.example.com"\n'


def test_where_all_is_well_nothing_is_said(desk: Desk) -> None:
    secret = desk.folder / "signing"
    secret.write_text("s1gning")
    secret.chmod(0o600)
    assert warnings_about(desk.load(OPEN + WITH_FILE), FixedClock()) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_that_others_can_read_is_named_without_its_value(desk: Desk, mode: int) -> None:
    secret = desk.folder / "signing"
    secret.write_text("s1gning-s3cret")
    secret.chmod(mode)
    [warning] = warnings_about(desk.load(WITH_FILE), FixedClock())
    assert warning == f"{secret} holds a secret and can be read by other users; run: chmod 600 {secret}"


def test_a_password_in_clear_is_named_without_its_value(desk: Desk) -> None:
    url = "[database]\nurl = 'postgresql://shop:s3cret@localhost/gifts'\n"
    [warning] = warnings_about(desk.load(LEAST + url), FixedClock())
    assert warning.startswith("database.url has a password in clear")
    assert "s3cret" not in warning


@pytest.mark.parametrize(
    ("at", "is_said"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), True),
        (datetime(2023, 12, 31, 23, 59, tzinfo=UTC), True),
        (datetime(2024, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_clock_that_was_never_set_is_said(desk: Desk, at: datetime, is_said: bool) -> None:
    found = warnings_about(desk.load(LEAST), FixedClock(at))
    assert [warning for warning in found if "signatures will be refused" in warning] == found
    assert bool(found) is is_said


def test_a_sandbox_that_other_machines_can_reach_is_said(desk: Desk) -> None:
    [warning] = warnings_about(desk.load(OPEN + LEAST + A_SANDBOX), FixedClock())
    assert warning == "Sandbox accounts can be reached from other machines: shop."


def test_a_demo_that_other_machines_can_reach_is_said(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    here = embedded(tmp_path / "data", None, {}, tmp_path, tmp_path)
    assert warnings_about(here, FixedClock()) == []
    reached, links = warnings_about(here.listening_on("0.0.0.0:9000"), FixedClock())
    assert reached == "The demo account can be reached from other machines at 0.0.0.0:9000."
    assert "links in messages will begin with http://127.0.0.1:9000" in links


def test_an_address_without_tls_is_said_unless_it_is_this_machine(desk: Desk) -> None:
    for url in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:80", "https://gifts.example.com"):
        assert warnings_about(desk.load(f'{LEAST}[server]\npublic_url = "{url}"\n'), FixedClock()) == []
    [warning] = warnings_about(
        desk.load(f'{LEAST}[server]\npublic_url = "http://gifts.example.com"\n'), FixedClock()
    )
    assert warning == "server.public_url is http://gifts.example.com: codes and links travel unencrypted."


def test_a_source_that_refuses_everything_is_said(desk: Desk) -> None:
    [warning] = warnings_about(desk.load(LEAST + A_SHOP + A_SOURCE), FixedClock())
    assert warning == "The source shop/calendly has no secret: each of its deliveries is refused."


def test_a_missing_recipes_folder_is_said(desk: Desk) -> None:
    (desk.folder / "recipes").rmdir()
    [warning] = warnings_about(desk.load(LEAST), FixedClock())
    assert warning == f"There is no folder {desk.folder / 'recipes'}: no recipe runs."
