"""Each key takes what TOML gave, or says how to write it."""

from pathlib import Path

import pytest

from tests.config.conftest import A_KEY, A_SHOP, A_SOURCE, ANOTHER_KEY, LEAST, Desk

URL_SAFE_KEY = "-_" * 21 + "8="


def ring(*keys: str) -> str:
    return A_SHOP + "sandbox = true\n[secrets]\nkeys = [" + ", ".join(f'"{key}"' for key in keys) + "]\n"


def test_the_ring_keeps_its_keys_newest_first(desk: Desk) -> None:
    assert desk.load(ring(ANOTHER_KEY, A_KEY)).secrets.keys == (b"o" * 32, b"k" * 32)


@pytest.mark.parametrize("written", [A_KEY, A_KEY.rstrip("="), URL_SAFE_KEY, f" {A_KEY} "])
def test_a_key_is_read_in_either_alphabet(desk: Desk, written: str) -> None:
    [key] = desk.load(ring(written)).secrets.keys
    assert len(key) == 32


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        (["s3cretpassword"], "6:9: keys: a key is 32 bytes in base64; this is 10 bytes, but 32 are needed"),
        (["s3cretpasswor"], "6:9: keys: a key is 32 bytes in base64; this is not base64"),
        (["s3cretschlüssel"], "6:9: keys: a key is 32 bytes in base64; this is not base64"),
        (["s3cretss"], "6:9: keys: a key is 32 bytes in base64; this is 6 bytes, but 32 are needed"),
        ([A_KEY, A_KEY[:-4]], "6:57: keys: a key is 32 bytes in base64; this is 30 bytes, but 32 are needed"),
        ([A_KEY, A_KEY], "6:1: keys: the same one stands here twice"),
        ([A_KEY, A_KEY.rstrip("=")], "6:1: keys: the same one stands here twice"),
        ([], "6:1: keys: at least one is needed"),
    ],
)
def test_a_ring_that_cannot_be_used_stops_the_start(desk: Desk, keys: list[str], fault: str) -> None:
    assert desk.faults(ring(*keys)) == [fault]


def test_twenty_old_keys_are_too_many(desk: Desk) -> None:
    assert desk.faults(ring(*[A_KEY] * 20)) == ["6:1: keys: at most 10 are allowed"]


def test_a_missing_ring_says_how_to_make_one(desk: Desk) -> None:
    [fault] = desk.faults("")
    assert fault.startswith("1:1: keys is missing: make a key with: openssl rand -base64 32")


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_source_may_have_several_secrets(desk: Desk, number: int) -> None:
    text = LEAST + A_SHOP + "sandbox = true\n" + A_SOURCE
    written = ", ".join(f'"s3cret-{count}"' for count in range(number))
    [source] = desk.load(f"{text}secrets = [{written}]\n").sources
    assert len(source.secrets) == number


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('secrets = ["env:SIGNING", "env:SIGNING"]', "secrets: the same one stands here twice"),
        (f"secrets = {['env:SIGNING'] * 6}", "secrets: at most 5 are allowed"),
        ('secrets = "env:SIGNING"', "secrets: write a list: [ … ]"),
        ("secrets = {a = 1}", "secrets: write a list: [ … ]"),
        ("credential = 3", 'credential: write text in quotes: "env:NAME" or "file:PATH"'),
        ("identities = ''", "identities: '' is not a slug"),
        ("currency = 'usd'", "currency: 'usd' is not an ISO 4217 currency code"),
        ("timezone = 'Mars'", "timezone: 'Mars' is not a time zone"),
        ("delivery_id = ''", "delivery_id: must not be empty"),
        ("delivery_id = 7", "delivery_id: write text in quotes"),
        (f"delivery_id = '{'x' * 201}'", "delivery_id: at most 200 characters"),
        ("allow_ips = ['10.0.0.300']", "allow_ips: '10.0.0.300' is not a network"),
        ("options = 3", "options: write a table: [sources.options]"),
        ("options = {at = 2026-11-20}", "options: write dates and times in quotes"),
        ("options = {list = [07:32:00]}", "options: write dates and times in quotes"),
        ("options = {number = nan}", "options: inf and nan are no values"),
        ("options = {a = [[[[[[[[[1]]]]]]]]]}", "options: nested more than 8 deep"),
    ],
)
def test_a_key_of_a_source_that_is_wrong_is_a_fault_with_its_line(desk: Desk, line: str, fault: str) -> None:
    [found] = desk.faults(LEAST + A_SHOP + A_SOURCE + line + "\n")
    assert found.startswith("10:")
    assert fault in found


def test_the_options_of_an_adapter_are_handed_on_as_they_are(desk: Desk) -> None:
    text = (
        LEAST
        + A_SHOP
        + A_SOURCE
        + '[sources.options]\nlist = ["a"]\n[sources.options.fields]\nemail = "e.mail"\n'
    )
    [source] = desk.load(text).sources
    assert source.options == {"list": ["a"], "fields": {"email": "e.mail"}}


def test_paths_begin_at_the_configuration_file(desk: Desk) -> None:
    (desk.folder / "mine").mkdir()
    (desk.folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    settings = desk.load(LEAST + '[recipes]\npath = "mine"\n[delivery]\nca_file = "ca.pem"\n')
    assert settings.recipes.path == desk.folder / "mine"
    assert Path(settings.delivery.ca_file) == desk.folder / "ca.pem"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('[recipes]\npath = "nowhere"', "path: there is no folder"),
        ('[recipes]\npath = "config.toml"', "path: there is no folder"),
        ('[recipes]\npath = ""', "path: write a path in quotes"),
        ('[recipes]\npath = "a\\u0000b"', "path: write a path in quotes"),
        ("[recipes]\npath = 3", "path: write a path in quotes"),
        ('[delivery]\nca_file = "nowhere"', "ca_file: there is no file"),
        ('[delivery]\nca_file = "recipes"', "ca_file: there is no file"),
        ('[delivery]\nca_file = "config.toml"', "config.toml holds no certificate in PEM form"),
        ("[delivery]\nca_file = true", "ca_file: write a path in quotes"),
    ],
)
def test_a_path_to_what_is_not_there_is_a_fault_with_its_line(desk: Desk, line: str, fault: str) -> None:
    [found] = desk.faults(LEAST + line + "\n")
    assert found.startswith("4:1: ")
    assert fault in found


def test_a_recipes_folder_that_nobody_named_may_be_missing(desk: Desk) -> None:
    (desk.folder / "recipes").rmdir()
    assert desk.load(LEAST).recipes.path == desk.folder / "recipes"
