"""`connector listen`: subscribes itself, prints what it proved, and leaves nothing behind."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.cli.receiver import Receiver
from connector.domain.errors import ConnectorError
from connector.outside.local import post_local
from tests.cli.shell import Shell, shell_in
from tests.kit.house import House

WAIT_S = 20.0  # a bound on hanging, not a measure


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


@contextmanager
def meanwhile(house: House, deed: Callable[[str], None]) -> Iterator[None]:
    """Do `deed(url)` beside, once the listener at `url` is subscribed; one that fails ends the listener."""
    faults: list[BaseException] = []

    def beside() -> None:
        try:
            deed(_subscribed(house))
        except (AssertionError, ConnectorError) as fault:
            faults.append(fault)
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=beside)
    with capture_logs():  # the sender's, which is another process outside of tests
        thread.start()
        yield
        thread.join()
    assert faults == []


def _subscribed(house: House) -> str:
    look = threading.Event()
    for _ in range(int(WAIT_S / 0.01)):
        found = house.gateway.list_endpoints(house.account)
        if found:
            return str(found[0]["url"])
        look.wait(0.01)
    raise AssertionError("nobody subscribed")


def _end(_url: str) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _endpoints(house: House) -> list[dict[str, Any]]:
    return house.gateway.list_endpoints(house.account)


def test_what_arrives_is_proved_and_printed_on_a_line_each(house: House, shell: Shell) -> None:
    cards: list[dict[str, Any]] = []

    def deed(_url: str) -> None:
        cards.append(house.issue(2500))
        house.redeem(cards[0]["id"], 1000)
        house.gateway.dispatch()

    with meanwhile(house, deed):
        ran = shell.done("listen", "--port", "0", "--account", "glow-spa", "--count", "2")

    lines = sorted(line.split() for line in ran.out.splitlines())
    card = cards[0]["id"]
    assert [[kind, *rest] for kind, _, *rest in lines] == [
        ["gift_card.issued", "#1", card, "25.00", "USD"],
        ["gift_card.redeemed", "#2", card, "15.00", "USD"],
    ]
    assert all(line[1].startswith("msg_") for line in lines)
    assert ran.err.startswith("Listening on http://127.0.0.1:")
    assert "whsec_" not in ran.out + ran.err


def test_json_is_the_whole_body_of_each_message(house: House, shell: Shell) -> None:
    def deed(_url: str) -> None:
        house.issue(2500)
        house.gateway.dispatch()

    with meanwhile(house, deed):
        ran = shell.done("listen", "--port", "0", "--account", "glow-spa", "--count", "1", "--json")

    assert ran.json["type"] == "gift_card.issued"
    assert ran.json["data"]["gift_card"]["balance"] == 2500


def test_at_the_end_it_is_unsubscribed(house: House, shell: Shell) -> None:
    with meanwhile(house, _end):
        ran = shell.done("listen", "--port", "0", "--account", "glow-spa")

    assert _endpoints(house) == []
    assert ran.err.endswith("Unsubscribed.\n")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_ctrl_c_is_an_end_in_good_order_too(house: House, shell: Shell) -> None:
    with meanwhile(house, lambda _: os.kill(os.getpid(), signal.SIGINT)):
        ran = shell.done("listen", "--port", "0", "--account", "glow-spa")

    assert _endpoints(house) == []
    assert ran.err.endswith("Unsubscribed.\n")


def test_a_forgery_is_a_line_aside_and_never_among_the_messages(house: House, shell: Shell) -> None:
    statuses: list[int] = []

    def deed(url: str) -> None:
        headers = {"webhook-id": "msg_1", "webhook-timestamp": "1795186800", "webhook-signature": "v1,AAAA"}
        statuses.append(post_local(url, b'{"type": "gift_card.issued"}', headers).status)
        _end(url)

    with meanwhile(house, deed):
        ran = shell.done("listen", "--port", "0", "--account", "glow-spa")

    assert statuses == [401]
    assert ran.out == ""
    assert "refused: the signature is wrong, or too old\n" in ran.err


def test_somebody_who_deletes_the_endpoint_meanwhile_is_no_trouble(house: House, shell: Shell) -> None:
    def deed(url: str) -> None:
        house.gateway.delete_endpoint(house.account, _endpoints(house)[0]["id"])
        _end(url)

    with meanwhile(house, deed):
        shell.done("listen", "--port", "0", "--account", "glow-spa")


def test_a_taken_port_is_one_sentence_and_nobody_is_subscribed(house: House, shell: Shell) -> None:
    taken = Receiver(0, house.clock)
    port = taken.url.rpartition(":")[2].rstrip("/")

    ran = shell("listen", "--port", port, "--account", "glow-spa")
    taken.stop()

    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err == f"127.0.0.1:{port} is taken: something else listens there. Choose another with --port.\n"
    )
    assert _endpoints(house) == []


def test_where_this_machine_may_not_be_delivered_to_the_settings_are_named(house: House) -> None:
    shell = shell_in(house, rooms={"allow_networks": (), "allow_http": False})

    ran = shell("listen", "--port", "0", "--account", "glow-spa")

    assert ran.code == 1
    assert "allow_http = true" in ran.err and 'allow_networks = ["127.0.0.0/8"]' in ran.err


@pytest.mark.parametrize("words", [(), ("--port", "65536"), ("--port", "x"), ("--port", "0", "--count", "0")])
def test_what_cannot_be_listened_on_is_wrong_usage(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("listen", *words).code == 2
