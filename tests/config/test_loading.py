"""Whatever stands in a configuration file ends in settings, or in all its faults with their places."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.config import environment, find, folders, load
from connector.config.loading import NEW_KEY
from connector.domain.errors import FaultyFiles
from tests.config.conftest import A_SHOP, A_SOURCE, ADAPTERS, LEAST, Desk

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def test_all_faults_are_told_at_once_in_the_order_of_the_file(desk: Desk) -> None:
    text = """\
[server]
listen = 8080
lisen = "127.0.0.1:80"
[servers]
[limits]
per_hour = 3
[[accounts]]
slug = "Glow Spa"
currency = "USD"
[[sources]]
account = "glow"
slug = "calendly"
adapter = "calendli"
secrets = ["env:NOBODY_SET_IT"]
allow_ips = [
  "10.0.0.0/8",
  "10.0.0.300",
]
"""
    assert desk.faults(text) == [
        f"1:1: keys is missing: {NEW_KEY}",
        '2:1: listen: 8080 is not an address: write it like "127.0.0.1:8080" or "[::1]:8080"',
        "3:1: unknown key 'lisen'; did you mean \"listen\"?",
        "4:1: unknown table or key 'servers'; did you mean \"server\"?",
        "6:1: unknown key 'per_hour'; did you mean \"per_source\"?",
        "8:1: slug: 'Glow Spa' is not a slug: lower-case letters, digits and inner dashes, at most 63",
        "11:1: there is no account 'glow'",
        "13:1: there is no adapter 'calendli'; did you mean \"calendly\"?",
        "14:12: secrets: the environment variable NOBODY_SET_IT is not set",
        "17:3: allow_ips: '10.0.0.300' is not a network: write it like \"10.1.0.0/16\"",
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[server]\nmax_body_bytes = '1MiB'", "5:1: max_body_bytes: write a whole number"),
        ("[server]\nmax_body_bytes = 1048576.0", "5:1: max_body_bytes: write a whole number"),
        ("[server]\nmax_body_bytes = true", "5:1: max_body_bytes: write a whole number"),
        ("[server]\nmax_body_bytes = 0", "5:1: max_body_bytes: 1 is the least"),
        ("[server]\nmax_body_bytes = 67_108_865", "5:1: max_body_bytes: 67108864 is the most"),
        ("[delivery]\nallow_http = 'true'", "5:1: allow_http: write true or false"),
        ("[delivery]\nallow_http = 1", "5:1: allow_http: write true or false"),
        ("[delivery]\nallow_http = 'yes'", "5:1: allow_http: write true or false"),
        ("[delivery]\nallow_http = ''", "5:1: allow_http: write true or false"),
        ("[retention]\ntrace_days = -1", "5:1: trace_days: 0 is the least"),
        ("[retention]\ntrace_days = '90 days'", "5:1: trace_days: write a whole number"),
        ("[sms]\nadapter = 'pigeon'", "5:1: adapter: write '', 'twilio' or 'webhook'"),
        (
            "[sms]\nadapter = 'twilio'\nfrom = '+1'",
            '4:1: sms: adapter = "twilio" needs account_sid and auth_token',
        ),
        ("[sms]\nadapter = 'webhook'", '4:1: sms: adapter = "webhook" needs url and secret'),
        ("[sms]\nsender = 'x'", "5:1: unknown key 'sender'"),
        (
            "[email]\nsmtp_url = 'smtp://localhost'",
            '4:1: email: with smtp_url comes from = "Name <address@example.com>"',
        ),
        (
            "[email]\nfrom = 'Spa, Glow <gifts@example.com>'",
            "5:1: from: write one address, and a name with a comma in quotes",
        ),
        (
            "[email]\nfrom = 'Glow Spa gifts@example.com'",
            "5:1: from: this is no address that mail can be sent to",
        ),
        ("[email]\nfrom = 'Spa <gifts@exa mple.com>'", "5:1: from: write it as Name <address@example.com>"),
        ("[email]\nreply_to = 'a@example.com, b@example.com'", "5:1: reply_to: write one address"),
        ("[email]\nreply_to = 'Help @ Desk'", "5:1: reply_to: write it as Name <address@example.com>"),
        ("[email]\nreply_to = 'help'", "5:1: reply_to: this is no address"),
        ("[email]\nfrom = 3", "5:1: from: write text in quotes"),
        ("[server.listen]", "4:1: listen: a dict is not an address: write it like"),
        ("[[server]]", "4:1: server: write a table"),
        ("[accounts]\nslug = 'a'", "4:1: write [[accounts]], a block for each"),
        ("[[accounts]]", "4:1: currency is missing"),
        ("[[sources]]\nslug = 'a'", "4:1: account is missing"),
        ("[server]\n'strange key' = 1", "5:1: unknown key 'strange key'"),
        ("[server]\ntold_url = 'http://a'", "5:1: unknown key 'told_url'"),
    ],
)
def test_a_fault_has_its_line(desk: Desk, line: str, fault: str) -> None:
    found = desk.faults(f"{LEAST}\n{line}\n")
    assert any(one.startswith(fault) for one in found), found


@pytest.mark.parametrize("lines", ["server = 3\n", "accounts = 3\n", "accounts = [3]\n", "sources = [[]]\n"])
def test_what_should_be_a_table_is_a_fault_with_its_line(desk: Desk, lines: str) -> None:
    [found] = desk.faults(lines + LEAST)
    assert found.startswith(("1:1: ", "1:13: ", "1:12: "))


def test_an_unknown_key_of_a_source_points_at_its_options(desk: Desk) -> None:
    found = desk.faults(LEAST + A_SHOP + A_SOURCE + "mapping = 1\nrespont = 'now'\n")
    assert found == [
        "10:1: unknown key 'mapping'; an adapter's own settings stand in [sources.options]",
        "11:1: unknown key 'respont'; did you mean \"respond\"?",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[server]\nlisten = \n", "2:10: is not TOML: Invalid value"),
        ("a = 1\n[server\n", "2:8: is not TOML: Expected ']' at the end of a table declaration"),
        ("[server]\nlisten = ", "2:1: is not TOML: Invalid value"),
        ("[server]\nlisten = [\n\n", "2:1: is not TOML: "),
        ("\n\na = 1\na = 2\n[x]\n", "4:6: is not TOML: Cannot overwrite a value"),
        ("[a]\n[a]\n", "2:3: is not TOML: Cannot declare"),
        ("a = 1\nsecret = 's3cret\nb = 1\n", '2:1: is not TOML: Expected "\'"'),
        ("a = " + "[" * 5_000, "1:1: is nested too deeply"),
        ("a = " + "9" * 5_000, "1:1: is not TOML: Exceeds the limit"),
        ("a = 2026-02-30\n", "1:5: is not TOML: Invalid date or datetime"),
    ],
)
def test_what_is_not_toml_is_a_fault_with_its_line(desk: Desk, text: str, fault: str) -> None:
    [found] = desk.faults(text)
    assert found.startswith(fault)


def test_a_file_that_is_not_utf8_is_a_fault_with_its_line(desk: Desk) -> None:
    desk.path.write_bytes(b"[server]\n# caf\xe9\n")
    with pytest.raises(FaultyFiles, match=r"config\.toml:2:6: is not UTF-8"):
        load(desk.path, desk.environ, ADAPTERS)


def test_a_file_from_windows_is_read_and_its_lines_counted(desk: Desk) -> None:
    desk.path.write_bytes(
        b"\xef\xbb\xbf" + (LEAST + "[limits]\nper_key = 'fast'\n").replace("\n", "\r\n").encode()
    )
    with pytest.raises(FaultyFiles, match=r"config\.toml:4:1: per_key"):
        load(desk.path, desk.environ, ADAPTERS)


def test_a_file_beyond_all_measure_is_a_fault(desk: Desk) -> None:
    desk.path.write_text(LEAST + "#" * 1_048_577)
    with pytest.raises(FaultyFiles, match="is larger than 1048576 bytes"):
        load(desk.path, desk.environ, ADAPTERS)


@pytest.mark.parametrize("name", ["nowhere.toml", "recipes", "nowhere/config.toml"])
def test_a_file_that_cannot_be_read_is_a_fault(desk: Desk, name: str) -> None:
    with pytest.raises(FaultyFiles, match=f"{name}:1:1: cannot be read: "):
        load(desk.folder / name, desk.environ, ADAPTERS)


def test_a_fault_names_the_file_as_it_was_asked_for(desk: Desk) -> None:
    (desk.folder / "sub").mkdir()
    asked = desk.folder / "sub" / ".." / "config.toml"
    desk.path.write_text("")
    with pytest.raises(FaultyFiles, match=r"sub/\.\./config\.toml:1:1: "):
        load(asked, desk.environ, ADAPTERS)


@pytest.mark.parametrize(
    ("given_path", "environ", "found"),
    [
        ("given.toml", {"CONNECTOR_CONFIG": "named.toml"}, "given.toml"),
        (None, {"CONNECTOR_CONFIG": "named.toml"}, "named.toml"),
        (None, {"CONNECTOR_CONFIG": " "}, "config.toml"),
        (None, {}, "config.toml"),
    ],
)
def test_the_file_is_looked_for_where_it_was_said(
    desk: Desk, given_path: str | None, environ: Mapping[str, str], found: str
) -> None:
    desk.path.touch()
    given_file = desk.folder / given_path if given_path else None
    assert find(given_file, environ, desk.folder) == desk.folder / found


def test_where_the_recipes_are_is_told_without_any_secret(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for folder in ("rules", "recipes"):
        (tmp_path / folder).mkdir()
    file.write_text('[secrets]\nkeys = ["env:NOBODY_SET_IT"]\n[recipes]\npath = "rules"\n')
    assert folders(file) == (tmp_path / "rules", tmp_path / "templates")

    (tmp_path / "letters").mkdir()
    file.write_text('[email]\nsmtp_url = "env:NOBODY_SET_IT"\ntemplates = "letters"\n')
    assert folders(file) == (tmp_path / "recipes", tmp_path / "letters")

    file.write_text('[secrets]\nkeys = ["env:NOBODY_SET_IT"]\n')
    assert folders(file) == (tmp_path / "recipes", tmp_path / "templates")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[recipes]\npath = 5\n", "config.toml:2:1: path: write a path in quotes"),
        ("[recipes]\nfolder = 'x'\n", "config.toml:2:1: "),
        ("recipes = 5\n", "config.toml:1:"),
        ("[email]\ntemplates = 5\n", "config.toml:2:1: "),
        ("email = 5\n", "config.toml:1:"),
        ("[recipes\n", "config.toml:1:"),
    ],
)
def test_a_fault_about_the_recipes_folder_has_its_place(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(FaultyFiles) as refused:
        folders(tmp_path / "config.toml")
    assert fault in str(refused.value.faults[0])


def test_without_a_file_there_is_none(desk: Desk) -> None:
    assert find(None, {}, desk.folder) is None


def test_a_file_that_was_named_and_is_missing_is_not_passed_over(desk: Desk) -> None:
    found = find(None, {"CONNECTOR_CONFIG": "nowhere.toml"}, desk.folder)
    assert found is not None
    with pytest.raises(FaultyFiles, match="cannot be read"):
        load(found, {}, ADAPTERS)


def test_the_environment_is_the_process_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_TRIED", "yes")
    assert environment()["CONNECTOR_TRIED"] == "yes"


WHOLE = EXAMPLE.read_text("utf-8")
SIGNS = ["[", "]", "[[", "]]", '"', '"""', "'", "=", "\n", ",", "{", "}", ".", "#", "\\", "\x00", "\u2028"]
WORDS = [
    "-1",
    "1e9",
    "nan",
    "true",
    "2026-01-01",
    "env:",
    "file:/",
    "[server]\n",
    "[[accounts]]\n",
    "sandbox = true\n",
]
BITS = st.one_of(st.text(max_size=8), st.sampled_from(SIGNS), st.sampled_from(WORDS))
CHANGES = st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), BITS), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(CHANGES)
def test_a_spoilt_file_gives_settings_or_faults_and_never_a_secret(
    desk: Desk, changes: list[tuple[int, int, str]]
) -> None:
    text = WHOLE
    for start, length, bit in changes:
        text = text[:start] + bit + text[start + length :]
    environ = {**desk.environ, "CALENDLY_SIGNING_KEY": "calendly-s3cret-value"}
    desk.path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        shown = repr(load(desk.path, environ, ADAPTERS))
    except FaultyFiles as refused:
        shown = str(refused)
        lines = text.replace("\r\n", "\n").count("\n") + 1
        assert all(1 <= fault.line <= lines and fault.column >= 1 for fault in refused.faults)
    assert "s3cret" not in shown
    assert environ["CONNECTOR_KEY"] not in shown
