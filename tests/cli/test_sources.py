"""`connector sources`: the URL to paste, and never a secret."""

from pathlib import Path

import pytest

from connector.flows.source_pages import pages
from tests.cli.shell import Asked, Shell, shell_in
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

    assert ran.out == "other-shop has no sources. Next: connector sources create other-shop SLUG ADAPTER\n"


def test_a_source_is_made_with_its_settings_and_its_secret_is_shown_once(house: House, shell: Shell) -> None:
    made = shell.done(
        *("sources", "create", "glow-spa", "crm", "zapier", "--set", "return_codes=true"),
        *("--set", "allow_ips=10.0.0.0/8,192.0.2.7", "--set", "currency=EUR", "--json"),
    ).json

    assert made["url"] == f"{PUBLIC_URL}/hooks/glow-spa/crm"
    assert (made["return_codes"], made["allow_ips"]) == (True, ["10.0.0.0/8", "192.0.2.7/32"])
    [kept] = [one for one in house.gateway.sources(house.account) if one.source.slug == "crm"]
    assert kept.source.secrets == (made["secret"],)
    assert made["secret"] not in shell.done("sources", "list", "glow-spa", "--json").out


def test_a_secret_and_an_adapter_s_options_may_be_given(shell: Shell) -> None:
    options = ("--set", "options.events.order.paid=x", "--set", "options.nonsense=[1]")
    ran = shell("sources", "create", "glow-spa", "crm", "generic", "--secret", "our own", *options)

    assert ran.code == 1
    assert ran.err.startswith("options.")
    made = shell.done("sources", "create", "glow-spa", "crm", "zapier", "--secret", "our own")
    assert "our own" in made.out
    assert "this once" in made.err


@pytest.mark.parametrize("told", ["nonsense=1", "return_codes", "return_codes=yes", "options=1", "=x"])
def test_a_setting_that_is_none_is_wrong_usage(shell: Shell, told: str) -> None:
    assert shell("sources", "create", "glow-spa", "crm", "zapier", "--set", told).code == 2


def test_an_unknown_adapter_names_those_there_are(shell: Shell) -> None:
    ran = shell("sources", "create", "glow-spa", "crm", "fax")

    assert ran.code == 1
    assert "calendly" in ran.err


def test_show_says_what_to_paste_and_what_came(house: House, shell: Shell) -> None:
    empty = shell.done("sources", "show", "glow-spa/calendly").out
    assert 'says `refused` with "source": "glow-spa/calendly"' in empty
    assert "Next: connector send glow-spa/calendly booking." in empty
    sent = house.send("calendly", "booking.created").body["delivery_id"]

    shown = shell.done("sources", "show", "glow-spa/calendly").out
    data = shell.done("sources", "show", "glow-spa/calendly", "--json").json

    url = f"{PUBLIC_URL}/hooks/glow-spa/calendly"
    for text in (url, "Calendly-Webhook-Signature", "invitee.created", sent):
        assert text in shown, text
    assert [one["id"] for one in data["last_deliveries"]] == [sent]
    assert not [secret for secret in house.secrets.values() if secret in shown + str(data)]


@pytest.mark.parametrize(
    ("name", "code"), [("glow-spa", 2), ("glow-spa/a/b", 2), ("glow-spa/none", 1), ("no/x", 1)]
)
def test_show_of_what_is_not_there(name: str, code: int, shell: Shell) -> None:
    assert shell("sources", "show", name).code == code


def test_pages_of_all_platforms_are_written_without_a_gateway(tmp_path: Path) -> None:
    ran = Asked().shell.done("sources", "pages", str(tmp_path / "pages"))

    assert (tmp_path / "pages" / "calendly.md").read_text() == pages()["calendly.md"]
    assert ran.out == f"Wrote {len(pages())} pages into {tmp_path / 'pages'}.\n"


def test_show_has_the_steps_with_the_url_in_its_place(shell: Shell) -> None:
    shown = shell.done("sources", "show", "glow-spa/zapier").out

    assert f"\n2. URL {PUBLIC_URL}/hooks/glow-spa/zapier," in shown
