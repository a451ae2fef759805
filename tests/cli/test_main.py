"""Exit codes, errors in a line, and options on either side of the verb."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from connector import __version__
from connector.cli.main import leaves, root
from connector.domain.errors import CannotListen, Fault, FaultyFiles, NotFound
from tests.cli.shell import Asked, Shell, shell_in
from tests.kit.house import KEY, House
from tests.kit.sources import ROOT


def test_help_names_every_verb_and_every_group() -> None:
    ran = Asked().shell.done("--help")

    for verb in ("serve", "check", "init", "db", "send", "listen", "keys", "endpoints", "cards", "recipes"):
        assert f"\n  {verb} " in ran.out


def test_every_verb_explains_itself() -> None:
    for name, command in root().commands.items():
        for leaf in leaves(command):
            words = [name] if leaf is command else [name, str(leaf.name)]
            ran = Asked().shell.done(*words, "--help")
            assert leaf.help and "--config FILE" in ran.out, words


def test_the_program_says_its_version() -> None:
    assert Asked().shell.done("--version").out == f"connector, version {__version__}\n"


def test_no_words_at_all_show_the_help_and_are_wrong_usage() -> None:
    ran = Asked().shell()

    assert ran.code == 2
    assert "Usage: connector" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("--config", "a.toml", "check"),
        ("check", "--config", "a.toml"),
        ("--config", "b.toml", "check", "--config", "a.toml"),
    ],
)
def test_the_configuration_stands_before_or_after_the_verb(words: tuple[str, ...]) -> None:
    asked = Asked()

    asked.shell.done(*words)

    assert asked.configs == [Path("a.toml")]


@pytest.mark.parametrize(
    "words", [("--config", "a.toml", "recipes", "list"), ("recipes", "list", "--config", "a.toml")]
)
def test_the_configuration_stands_before_a_group_or_after_its_verb(words: tuple[str, ...]) -> None:
    asked = Asked()

    asked.shell.done(*words)

    assert asked.configs == [Path("a.toml")]


@pytest.mark.parametrize("words", [("--data", "there", "check"), ("check", "--data", "there")])
def test_a_data_folder_is_named_by_every_verb(words: tuple[str, ...]) -> None:
    asked = Asked()

    asked.shell.done(*words)

    assert asked.configs == [Path("there")]


@pytest.mark.parametrize("verb", ["serve", "check", "db current", "keys list glow-spa"])
def test_a_data_folder_beside_a_configuration_is_wrong_usage(verb: str) -> None:
    asked = Asked()

    ran = asked.shell(*verb.split(), "--config", "a.toml", "--data", "there")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "Give --config or --data, not both: a configuration names its own database.\n"
    assert (asked.configs, asked.services) == ([], [])


def test_without_one_the_builder_looks_for_the_configuration_itself() -> None:
    asked = Asked()

    asked.shell.done("check")

    assert asked.configs == [None]


@pytest.mark.parametrize(
    "words",
    [
        ("sing",),
        ("check", "--loud"),
        ("cards", "issue"),
        ("cards", "issue", "glow-spa", "much"),
        ("keys", "create", "glow-spa", "--scope", "everything"),
        ("check", "--config"),
    ],
)
def test_wrong_usage_ends_with_2_and_nothing_on_standard_output(words: tuple[str, ...]) -> None:
    ran = Asked().shell(*words)

    assert (ran.code, ran.out) == (2, "")
    assert "Error:" in ran.err


def test_an_error_of_ours_is_one_line_and_1() -> None:
    ran = Asked().raising(NotFound("There is no account 'x'."))("check")

    assert (ran.code, ran.out, ran.err) == (1, "", "There is no account 'x'.\n")


def test_a_taken_port_is_said_in_one_sentence() -> None:
    sentence = "127.0.0.1:8080 is taken: something else listens there."
    ran = Asked().raising(CannotListen(sentence))("check")

    assert (ran.code, ran.err) == (1, sentence + "\n")


def test_a_wrong_configuration_is_2_with_every_fault_on_its_line() -> None:
    faults = [Fault("config.toml", 9, 1, "unknown key"), Fault("config.toml", 2, 5, "not a URL")]
    ran = Asked().raising(FaultyFiles(faults))("check")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "config.toml:2:5: not a URL\nconfig.toml:9:1: unknown key\n"


def test_a_bug_is_one_line_without_the_values_that_a_database_adds() -> None:
    ran = Asked().raising(RuntimeError("no such table\n[parameters: ('whsec_secret',)]"))("check")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "RuntimeError: no such table (--debug shows where)\n"


@pytest.mark.parametrize("words", [("--debug", "check"), ("check", "--debug")])
def test_debug_shows_where_an_error_came_from(words: tuple[str, ...]) -> None:
    ran = Asked().raising(RuntimeError("odd"))(*words)

    assert ran.code == 1
    assert "Traceback" in ran.err and "odd" in ran.err


def test_a_file_that_cannot_be_had_is_named_without_a_traceback(tmp_path: Path) -> None:
    fault = PermissionError(13, "Permission denied", str(tmp_path))
    ran = Asked().raising(fault)("check")

    assert (ran.code, ran.err) == (1, f"{tmp_path}: Permission denied\n")


@pytest.mark.parametrize("fault", [BrokenPipeError(), KeyboardInterrupt(), click.Abort()])
def test_a_reader_that_has_gone_and_a_ctrl_c_are_quiet(fault: BaseException) -> None:
    ran = Asked().raising(fault)("check")

    assert (ran.code, ran.out, ran.err) == (1, "", "")


def test_an_error_shows_what_others_wrote_and_never_obeys_it() -> None:
    ran = Asked().raising(NotFound("no \x1b[31mred\x1b[0m card"))("check")

    assert ran.err == "no \\x1b[31mred\\x1b[0m card\n"


def test_a_gateway_that_cannot_be_opened_is_a_sentence() -> None:
    ran = Asked().shell("cards", "list", "glow-spa")

    assert (ran.code, ran.err) == (1, "There is no gateway here.\n")


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "list", "nobody"),
        ("endpoints", "list", "nobody"),
        ("sources", "list", "nobody"),
        ("cards", "list", "nobody"),
        ("cards", "issue", "nobody", "25.00 USD"),
        ("ledger", "verify", "--account", "nobody"),
        ("listen", "--port", "0", "--account", "nobody"),
    ],
)
def test_an_unknown_account_is_named(shell: Shell, words: tuple[str, ...]) -> None:
    ran = shell(*words)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "There is no account 'nobody'.\n"


def _program(*words: str, stdout: int, folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "connector", *words]
    key = base64.b64encode(KEY).decode()
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "CONNECTOR_KEY": key}
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, cwd=folder, env=environment, check=False
    )


def test_the_program_starts_in_an_empty_folder_and_writes_a_sound_one(tmp_path: Path) -> None:
    wrote = _program("init", "shop", "--json", stdout=subprocess.PIPE, folder=tmp_path)
    checked = _program("check", stdout=subprocess.PIPE, folder=tmp_path / "shop")

    assert (wrote.returncode, wrote.stderr) == (0, b"")
    assert (checked.returncode, checked.stdout, checked.stderr) == (
        0,
        b"Configuration and recipes: nothing is wrong.\n",
        b"",
    )


@pytest.mark.parametrize(
    "words", ["cards list demo", "keys create demo", "ledger verify", "db current", "send demo/calendly x"]
)
def test_a_verb_in_a_folder_without_a_gateway_says_so_and_makes_nothing(tmp_path: Path, words: str) -> None:
    ran = _program(*words.split(), stdout=subprocess.PIPE, folder=tmp_path)

    assert (ran.returncode, ran.stdout) == (2, b"")
    said = "There is no config.toml and no gateway's data/ here: give --config or --data; connector serve"
    assert ran.stderr.decode().startswith(said)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_gone_is_no_news_at_the_very_end_either(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)

    ran = _program("--help", stdout=write, folder=tmp_path)
    os.close(write)

    assert (ran.returncode, ran.stderr) == (1, b"")


@pytest.mark.parametrize(("verb", "guess"), [("users", ""), ("card", "Did you mean 'cards'?")])
def test_a_verb_that_is_near_is_named_and_no_other(verb: str, guess: str) -> None:
    ran = Asked().shell(verb)

    assert ran.code == 2
    assert ran.err.rstrip().endswith(f"No such command '{verb}'. {guess}".rstrip())
