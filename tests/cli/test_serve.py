"""`connector serve`: what is asked for reaches the server, and its end is the exit code."""

from pathlib import Path

import pytest

from connector.cli.builder import Service
from tests.cli.shell import Asked


def test_without_words_everything_is_left_to_the_configuration() -> None:
    asked = Asked()

    asked.shell.done("serve")

    assert asked.services == [Service()]


def test_every_word_reaches_the_server() -> None:
    asked = Asked()
    words = "--listen [::1]:0 --role worker --workers 4 --threads 32"

    asked.shell.done("serve", *words.split(), "--config", "c.toml")
    asked.shell.done("serve", *words.split(), "--data", "there")

    rest = ("[::1]:0", "worker", 4, 32)
    assert asked.services == [Service(Path("c.toml"), None, *rest), Service(None, Path("there"), *rest)]


def test_a_server_that_did_not_end_in_order_is_1() -> None:
    assert Asked(serves=1).shell("serve").code == 1


@pytest.mark.parametrize(
    "words",
    [
        *("--listen 8080", "--listen 127.0.0.1:", "--listen 127.0.0.1:65536", "--listen ::1:8080"),
        *("--listen a:1:2", "--role boss", "--workers 0", "--workers 257", "--threads 0", "--threads many"),
    ],
)
def test_what_cannot_be_served_is_wrong_usage_and_nothing_starts(words: str) -> None:
    asked = Asked()

    ran = asked.shell("serve", *words.split())

    assert ran.code == 2
    assert asked.services == []
