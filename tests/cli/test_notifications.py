"""`connector notifications`, at the command line: what people were written, and again."""

import pytest

from tests.cli.shell import Shell, shell_in
from tests.kit.deeds import make_sandbox
from tests.kit.house import House


@pytest.fixture
def shell(shop: House) -> Shell:
    make_sandbox(shop)
    shop.issue(2500, recipient={"name": "Mia", "email": "mia@example.com"}, delivery="email")
    return shell_in(shop)


def test_notifications_are_listed_and_shown_with_what_they_say(shell: Shell) -> None:
    [one] = shell.done("notifications", "list", "glow-spa", "--json").json["data"]

    assert "mia@example.com" in shell.done("notifications", "list", "glow-spa", "--via", "email").out
    assert "is like that" in shell.done("notifications", "list", "glow-spa", "--state", "failed").out
    shown = shell.done("notifications", "show", "glow-spa", one["id"]).out
    assert "Subject: A gift card from Glow Spa" in shown and "Dear Mia," in shown
    assert "Dear Mia," in shown.splitlines(), "a letter has lines"
    content = shell.done("notifications", "show", "glow-spa", one["id"], "--json").json["content"]
    assert content["html"].startswith("<!doctype html>")


def test_only_a_failed_one_is_sent_again(shell: Shell) -> None:
    [one] = shell.done("notifications", "list", "glow-spa", "--json").json["data"]

    assert shell("notifications", "retry", "glow-spa", one["id"]).code == 1
    assert shell("notifications", "show", "other-shop", one["id"]).code == 1
