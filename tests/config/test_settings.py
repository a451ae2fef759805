"""The example and the documentation say of each key what the code does."""

import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.config.settings import ARRAYS, TABLES, Section, Server
from connector.domain.errors import ValidationFailed
from tests.config.conftest import A_SHOP, A_SOURCE, LEAST, Desk

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text("utf-8")
DOCS = (ROOT / "docs" / "configuration.md").read_text("utf-8")
SECTIONS = {**TABLES, **ARRAYS}
KEYS = [
    (name, field.alias or attribute)
    for name, section in SECTIONS.items()
    for attribute, field in section.model_fields.items()
]


def block(name: str) -> str:
    """The example's lines for one table."""
    header = f"[[{name}]]" if name in ARRAYS else f"[{name}]"
    return EXAMPLE.partition(f"\n{header}")[2].partition("\n[")[0]


def field_of(section: type[Section], key: str) -> Any:
    return next(field for name, field in section.model_fields.items() if key in (name, field.alias))


@pytest.mark.parametrize(("name", "key"), [pair for pair in KEYS if pair != ("sources", "options")])
def test_the_example_has_every_key_with_a_word_on_what_it_does(name: str, key: str) -> None:
    [line] = [line for line in block(name).splitlines() if line.removeprefix("# ").startswith(f"{key} = ")]
    assert "# " in line.removeprefix("# "), f"say what {key} does"


def test_the_example_has_no_key_besides() -> None:
    commented = EXAMPLE.replace('# EUR = "0.92"', "")
    for name, section in SECTIONS.items():
        known = {field.alias or attribute for attribute, field in section.model_fields.items()}
        lines = commented.partition(f"[{name}]")[2].partition("\n[")[0].splitlines()
        found = {line.removeprefix("# ").partition(" = ")[0] for line in lines if " = " in line[:24]}
        assert found <= known


def test_the_example_is_sound_and_its_values_are_the_defaults(desk: Desk) -> None:
    environ = {**desk.environ, "CALENDLY_SIGNING_KEY": "s1gning"}
    least = LEAST + A_SHOP.replace("shop", "glow-spa") + A_SOURCE.replace("shop", "glow-spa")
    plain = Desk(desk.folder, environ).load(least)
    settings = Desk(desk.folder, environ).load(EXAMPLE)

    for name in TABLES:
        assert getattr(settings, name) == getattr(plain, name), name
    [account], [plain_account] = settings.accounts, plain.accounts
    assert account.model_copy(update={"told_name": ""}) == plain_account
    [source], [plain_source] = settings.sources, plain.sources
    assert source.model_copy(update={"secrets": ()}) == plain_source


def test_what_the_example_leaves_out_is_sound_too(desk: Desk) -> None:
    (desk.folder / "templates").mkdir()
    environ = {**desk.environ, "CALENDLY_SIGNING_KEY": "s1gning", "CALENDLY_TOKEN": "t0ken"}
    with_all = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and " = " in line[:24] else line
        for line in EXAMPLE.splitlines()
    )
    settings = Desk(desk.folder, environ).load(with_all)
    assert settings.exchange_rates.base == "USD"
    assert settings.exchange_rates.rates == {"EUR": Decimal("0.92")}
    assert settings.sources[0].credential == "t0ken"
    assert settings.sources[0].identities == "calendly"


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_the_documentation_has_every_key_with_its_default_and_meaning(name: str, key: str) -> None:
    field = field_of(SECTIONS[name], key)
    header = f"## `[[{name}]]`" if name in ARRAYS else f"## `[{name}]`"
    rows = DOCS.partition(f"{header}\n")[2].partition("\n## ")[0].splitlines()
    [row] = [row for row in rows if row.startswith(f"| `{key}` | ")]
    assert row == f"| `{key}` | {default_of(name, key, field)} | {field.description} |"


def default_of(name: str, key: str, field: Any) -> str:
    """The default as the documentation writes it, by way of the example, which has the defaults."""
    if field.is_required():
        return "required"
    if (name, key) in (("accounts", "name"), ("sources", "secrets")):  # the example shows how one looks
        return '`""`' if key == "name" else "`[]`"
    table = tomllib.loads(EXAMPLE)[name]
    value = (table[0] if name in ARRAYS else table).get(key)
    if value is None:
        return "none"
    text = (
        str(value).lower()
        if isinstance(value, bool)
        else f'"{value}"'
        if isinstance(value, str)
        else str(value)
    )
    return f"`{text}`"


def test_the_documented_rows_are_all_there_are() -> None:
    for name, section in SECTIONS.items():
        header = f"## `[[{name}]]`" if name in ARRAYS else f"## `[{name}]`"
        rows = DOCS.partition(f"{header}\n")[2].partition("\n## ")[0].splitlines()
        assert len([row for row in rows if row.startswith("| `")]) == len(section.model_fields)


def test_settings_cannot_be_changed(desk: Desk) -> None:
    settings = desk.load(LEAST)
    with pytest.raises(ValidationError):
        settings.server.max_body_bytes = 1


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        ("", "http://127.0.0.1:8080"),
        ('listen = "0.0.0.0:9000"', "http://127.0.0.1:9000"),
        ('listen = "[::]:9000"', "http://[::1]:9000"),
        ('listen = "192.168.1.5:80"', "http://192.168.1.5:80"),
        ('public_url = "https://gifts.example.com/"', "https://gifts.example.com"),
    ],
)
def test_there_is_always_an_address_for_links(desk: Desk, lines: str, url: str) -> None:
    assert desk.load(f"{LEAST}[server]\n{lines}\n").server.public_url == url


def test_another_address_leaves_everything_else(desk: Desk) -> None:
    settings = desk.load(LEAST)
    moved = settings.listening_on("[::1]:9000")
    assert moved.server.listen == ("::1", 9000)
    assert moved.server.public_url == "http://[::1]:9000"
    assert moved.model_copy(update={"server": Server()}) == settings
    with pytest.raises(ValidationFailed, match="is not an address"):
        settings.listening_on("9000")


def test_an_account_without_a_name_is_called_by_its_slug(desk: Desk) -> None:
    assert desk.load(LEAST + A_SHOP).accounts[0].name == "shop"
    assert desk.load(LEAST + A_SHOP + 'name = "The Shop"\n').accounts[0].name == "The Shop"


@pytest.mark.parametrize(
    ("written", "after"),
    [("end", timedelta(0)), ("never", None), ("90 minutes", timedelta(minutes=90))],
)
def test_it_is_known_when_a_booking_counts_as_completed(
    desk: Desk, written: str, after: timedelta | None
) -> None:
    [source] = desk.load(LEAST + A_SHOP + A_SOURCE + f'complete_after = "{written}"\n').sources
    assert source.completes_after == after


LOGO = "https://cdn.example.com/logo%20one.png?v=2"


def test_a_logo_is_what_rest_takes_for_one(desk: Desk) -> None:
    [shop] = desk.load(LEAST + A_SHOP + f'logo_url = "{LOGO}"\n').accounts
    assert shop.logo_url == LOGO
    for other in (
        "http://x.example/a.png",
        'https://x.example/a\\"b.png',
        "https://x.example/<b>",
        "logo.png",
    ):
        [fault] = desk.faults(LEAST + A_SHOP + f'logo_url = "{other}"\n')
        assert "logo_url: write the address of a picture" in fault


def test_mail_and_texts_are_off_unless_they_are_whole(desk: Desk) -> None:
    assert not desk.load(LEAST).email.smtp_url
    assert not desk.load(LEAST).sms.adapter
    settings = desk.load(
        LEAST + '[email]\nsmtp_url = "smtp://localhost:1025"\nfrom = "Shop <a@example.com>"\n'
    )
    assert settings.email.sender == "Shop <a@example.com>"
