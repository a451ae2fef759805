"""`connector sources`: the URL to paste, and never a secret."""

import pytest

from tests.cli.shell import Shell, shell_in
from tests.kit.house import PUBLIC_URL, House


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


def test_each_source_has_its_adapter_and_the_url_to_paste(house: House, shell: Shell) -> None:
    data = shell.done("sources", "list", "glow-spa", "--json").json["data"]

    assert {one["slug"] for one in data} == set(house.secrets)
    [calendly] = [one for one in data if one["slug"] == "calendly"]
    assert calendly == {
        "slug": "calendly",
        "adapter": "calendly",
        "url": f"{PUBLIC_URL}/hooks/glow-spa/calendly",
        "is_enabled": True,
        "secrets": 1,
    }
    assert f"{PUBLIC_URL}/hooks/glow-spa/zapier" in shell.done("sources", "list", "glow-spa").out


def test_no_secret_is_shown(house: House, shell: Shell) -> None:
    shown = shell.done("sources", "list", "glow-spa").out
    shown += shell.done("sources", "list", "glow-spa", "--json").out

    assert not [secret for secret in house.secrets.values() if secret in shown]


def test_no_sources_say_what_to_add(shell: Shell) -> None:
    ran = shell.done("sources", "list", "other-shop")

    assert ran.out.startswith("other-shop has no sources. Next: add [[sources]]")
