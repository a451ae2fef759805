"""Secrets come from where they are named, and never show themselves."""

import os

import pytest

from tests.config.conftest import A_KEY, A_SANDBOX, A_SHOP, A_SOURCE, LEAST, Desk


def of_source(secret: str) -> str:
    return LEAST + A_SHOP + A_SOURCE + f'secrets = ["{secret}"]\n'


def test_a_secret_is_read_from_the_environment(desk: Desk) -> None:
    [source] = desk.load(of_source("env:SIGNING")).sources
    assert source.secrets == ("s1gning",)


def test_a_secret_is_read_from_a_file_beside_the_configuration(desk: Desk) -> None:
    (desk.folder / "signing").write_text("  fr0m-file\r\n")
    settings = desk.load(of_source("file:signing"))
    assert settings.sources[0].secrets == ("fr0m-file",)
    assert settings.secret_files == (desk.folder / "signing",)


def test_several_secrets_keep_their_order_while_one_replaces_the_other(desk: Desk) -> None:
    (desk.folder / "old").write_text("0ld")
    text = LEAST + A_SHOP + A_SOURCE + 'secrets = ["env:SIGNING", "file:old"]\n'
    assert desk.load(text).sources[0].secrets == ("s1gning", "0ld")


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("env:NOBODY_SET_IT", "the environment variable NOBODY_SET_IT is not set"),
        ("env:EMPTY", "the environment variable EMPTY is empty"),
        ("env:", "after env: comes the name of an environment variable"),
        ("env: SIGNING", "after env: comes the name of an environment variable"),
        ("env:SIGNING-KEY", "after env: comes the name of an environment variable"),
        ("env:LINES", "a secret is one line"),
        ("env:LONG", "a secret is one line of at most 4096 characters"),
        ("env:NOT_TEXT", "a secret is one line"),
        ("file:nowhere", "nowhere cannot be read: No such file or directory"),
        ("file:recipes", "recipes is not a file"),
        ("file:/dev/zero", "/dev/zero is not a file"),
        ("file:config.toml/x", "cannot be read: Not a directory"),
        ("file:empty", "empty is empty"),
        ("file:bytes", "bytes is not UTF-8 text"),
        ("file:huge", "huge is larger than 65536 bytes"),
        ("file:a\\u0000b", "null byte"),
        ("", "the secret is empty"),
    ],
)
def test_a_secret_that_is_not_there_is_a_fault_with_its_line(desk: Desk, written: str, fault: str) -> None:
    (desk.folder / "empty").write_text(" \n")
    (desk.folder / "bytes").write_bytes(b"\xff\xfe")
    (desk.folder / "huge").write_text("x" * 65_537)
    environ = {**desk.environ, "EMPTY": " ", "LINES": "a\nb", "LONG": "x" * 4_097, "NOT_TEXT": "a\udcff"}
    [found] = Desk(desk.folder, environ).faults(of_source(written))
    assert found.startswith("10:12: ")
    assert fault in found


def test_a_secret_that_is_no_text_is_a_fault(desk: Desk) -> None:
    [found] = desk.faults(LEAST + A_SHOP + A_SOURCE + "secrets = [\n  17]\n")
    assert found == '11:3: secrets: write text in quotes: "env:NAME" or "file:PATH"'


def test_a_file_that_only_its_owner_may_read_does_not_stop_its_owner(desk: Desk) -> None:
    secret = desk.folder / "signing"
    secret.write_text("fr0m-file")
    secret.chmod(0o400)
    assert desk.load(of_source("file:signing")).sources[0].secrets == ("fr0m-file",)


def test_settings_never_show_a_secret(desk: Desk) -> None:
    secrets = {
        "RING": A_KEY,
        "SIGNING": "s1gning-s3cret",
        "CREDENTIAL": "cr3dential-s3cret",
        "DATABASE": "postgresql://shop:d4tabase-s3cret@localhost/gifts",
        "SMTP": "smtp://shop:sm7p-s3cret@localhost",
        "TWILIO": "tw1lio-s3cret",
    }
    text = (
        '[secrets]\nkeys = ["env:RING"]\n[database]\nurl = "env:DATABASE"\n'
        '[email]\nsmtp_url = "env:SMTP"\nfrom = "a@example.com"\n'
        '[sms]\nadapter = "twilio"\nfrom = "+1"\naccount_sid = "AC1"\nauth_token = "env:TWILIO"\n'
    )
    source = A_SOURCE + 'secrets = ["env:SIGNING", "cl34r-s3cret"]\ncredential = "env:CREDENTIAL"\n'
    settings = Desk(desk.folder, secrets).load(text + A_SANDBOX + source)

    parts = [settings, settings.secrets, settings.database, settings.email, settings.sms, *settings.sources]
    shown = "".join(f"{part!r} {part!s} {part}" for part in parts)

    for secret in ["s3cret", A_KEY, repr(b"k" * 32), "kkkk"]:
        assert secret not in shown
    assert settings.database.url == secrets["DATABASE"]


def test_the_environment_itself_is_never_shown(desk: Desk) -> None:
    text = of_source("env:MISSING")
    found = Desk(desk.folder, {**desk.environ, "OTHER": "0ther-s3cret"}).faults(text)
    assert "s3cret" not in "".join(found)


@pytest.mark.parametrize(
    "noise",
    [
        {"HTTP_PROXY": "http://10.0.0.1:3128", "HTTPS_PROXY": "http://10.0.0.1:3128", "ALL_PROXY": "x"},
        {"FLASK_DEBUG": "1", "FLASK_ENV": "development"},
        {"PYTHONPATH": os.pathsep.join(["/elsewhere", "."])},
        {"DATABASE_URL": "sqlite:///elsewhere.db", "SERVER_LISTEN": "0.0.0.0:1", "CONNECTOR_DEBUG": "1"},
    ],
)
def test_what_the_file_does_not_name_changes_nothing(desk: Desk, noise: dict[str, str]) -> None:
    quiet = desk.load(of_source("env:SIGNING"))
    assert Desk(desk.folder, {**desk.environ, **noise}).load(of_source("env:SIGNING")) == quiet
