"""`connector sources test`: through a real door, harmless to a real business unless told otherwise."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.cli.shell import Shell, printed, shell_in
from tests.kit.house import House
from tests.web.door import Door, door_of

Answer = tuple[int, Mapping[str, str], bytes]


class Listener:
    """Where `post` goes: the gateway's own door, without a server in between."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.urls: list[str] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.urls.append(url)
        kind = headers.get("content-type", "")
        kept = {name: value for name, value in headers.items() if name != "content-type"}
        path = "/" + url.split("/", 3)[3]
        answer = self.door.post(path, raw=body, headers=kept, content_type=kind, peer="127.0.0.1")
        return answer.status_code, {}, answer.data


@pytest.fixture
def listener(shop: House) -> Listener:
    return Listener(door_of(shop))


@pytest.fixture
def shell(shop: House, listener: Listener) -> Shell:
    shop.gateway.directory.create_account(slug="trial", sandbox=True)
    trial = shop.gateway.account("trial")
    shop.gateway.directory.create_source(trial, slug="zapier", adapter="zapier")
    return shell_in(shop, post=listener)


def test_a_sandbox_gets_the_signed_sample_itself(shop: House, shell: Shell) -> None:
    told: dict[str, Any] = printed(shell.done("sources", "test", "trial/zapier", "--json"))

    assert (told["is_ok"], told["is_signed"], told["status"]) == (True, True, 200)
    assert told["becomes"] == ["booking.created"]
    assert told["answer"]["status"] == "processed"
    assert [one["id"] for one in told["last_deliveries"]] == [told["answer"]["delivery_id"]]
    assert told["posted_to"] == "http://127.0.0.1:8080/hooks/trial/zapier"


def test_a_second_test_is_no_duplicate_and_the_fates_are_told(shell: Shell) -> None:
    shell.done("sources", "test", "trial/zapier")

    told = shell.done("sources", "test", "trial/zapier", "invoice.paid").out

    assert "invoice.paid proves itself" in told
    assert "200. The gateway took it: ignored." in told
    assert "Note: No live recipe listens for invoice.paid" in told
    assert "processed" in told.splitlines()[-1]


def test_a_real_business_sees_nothing_of_it(shop: House, shell: Shell) -> None:
    ran = shell.done("sources", "test", "glow-spa/calendly")

    assert "401. The gateway knows the source, and refuses what is not signed." in ran.out
    assert "Nothing has come yet." in ran.out
    assert "--live posts it" in ran.err
    assert shop.rows("contacts") == [] and shop.cards() == []


def test_a_real_business_runs_its_recipes_where_that_is_asked_for(shop: House, shell: Shell) -> None:
    ran = shell.done("sources", "test", "glow-spa/calendly", "--live")

    assert "first-booking: done" in ran.out
    assert len(shop.cards()) == 1


@pytest.mark.parametrize("slug", ["acuity", "highlevel", "hubspot", "jotform", "vagaro", "woocommerce"])
def test_a_post_without_proof_is_refused_whatever_the_platform(shell: Shell, slug: str) -> None:
    assert printed(shell.done("sources", "test", f"glow-spa/{slug}", "--json"))["status"] == 401


def test_a_gateway_that_does_not_run_is_said_and_what_came_before_is_told(shop: House) -> None:
    sent = shop.send("calendly", "booking.created").body["delivery_id"]

    ran = shell_in(shop)("sources", "test", "glow-spa/calendly")

    assert ran.code == 1
    assert "is the gateway running?" in ran.out and sent in ran.out


def test_what_could_only_be_refused_is_not_posted(shop: House, shell: Shell, listener: Listener) -> None:
    shop.gateway.directory.create_source(shop.account, slug="crm", adapter="zapier")
    shop.gateway.directory.change_source(shop.account, "crm", is_enabled=False)

    ran = shell("sources", "test", "glow-spa/crm")

    assert (ran.code, listener.urls) == (1, [])
    assert "In its way: It is disabled" in ran.out


def test_a_gateway_with_another_secret_is_found_out(shop: House, shell: Shell) -> None:
    shop.gateway.directory.create_source(shop.account, slug="crm", adapter="zapier", secret="one")
    shop.send("crm", "booking.created")  # it is remembered for a moment, with the secret that it had
    other = shell_in(shop, post=lambda *_: (401, {}, b'{"title": "Signature missing"}'))

    ran = other("sources", "test", "glow-spa/crm", "--live")

    assert ran.code == 1
    assert "another secret" in ran.out


def test_a_delivery_that_was_not_understood_says_what_was_looked_for(shop: House, shell: Shell) -> None:
    body = b'{"Kind": "booking", "Mail": "mia@example.com"}'
    sent = shop.gateway.sample("glow-spa", "zapier", "", url="https://x.example", body=body)
    Listener(door_of(shop))("http://x/hooks/glow-spa/zapier", body, dict(sent.headers))

    told = shell.done("sources", "test", "glow-spa/zapier").out

    assert "rejected" in told and "looked for `type`" in told and "found `Kind`, `Mail`" in told


@pytest.mark.parametrize(
    ("words", "code"), [(("glow-spa",), 2), (("glow-spa/none",), 1), (("glow-spa/calendly", "order.paid"), 1)]
)
def test_what_is_not_there_cannot_be_tried(words: tuple[str, ...], code: int, shell: Shell) -> None:
    assert shell("sources", "test", *words).code == code
