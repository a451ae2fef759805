"""What we send over HTTPS is taken by receivers that know nothing of us: others' packages, TLS and clock."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from standardwebhooks.webhooks import Webhook

from connector.domain.clock import SystemClock
from tests.kit.house import House, open_house
from tests.kit.node import NODE, PACKAGES
from tests.kit.receiver import Recorder
from tests.kit.sources import ROOT
from tests.kit.tls import Issuer

HOST: Final = "127.0.0.1"
NOBODYS: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Judge:
    """The receiver in Node, and what it thinks of what came."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked, self._told = process.stdin, process.stdout
        self.url = f"https://{HOST}:{int(self._told.readline())}/hook"

    def says(self, count: int, *secrets: str) -> list[dict[str, Any]]:
        """Of each of the `count` requests that came since."""
        self._asked.write(json.dumps(secrets).encode() + b"\n")
        self._asked.flush()
        return [json.loads(self._told.readline()) for _ in range(count)]


@contextmanager
def a_judge(certificate: Path) -> Iterator[Judge]:
    words = [str(NODE), str(ROOT / "tests" / "node" / "verifying_receiver.js"), str(certificate)]
    env = {"NODE_PATH": str(PACKAGES)}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as process:
        yield Judge(process)


def open_shop(folder: Path, url: str, issuer: Issuer) -> House:
    return open_house(folder, url, clock=SystemClock(), ca_file=str(issuer.file))


def test_svix_and_standardwebhooks_verify_what_arrives_over_https(sqlite_url: str, tmp_path: Path) -> None:
    """Issued, redeemed, a ping, and a text of many scripts; with one secret, and while it is rotated."""
    issuer = Issuer(tmp_path)
    house = open_shop(tmp_path, sqlite_url, issuer)
    with a_judge(issuer.certificate(HOST)) as judge:
        made = house.gateway.create_endpoint(house.account, url=judge.url).body
        card = house.issue(5000, message="Für Zoë — ¥2,500 🎁 \u2028 שלום")
        house.gateway.dispatch()
        house.redeem(card["id"], 100)
        house.gateway.dispatch()
        house.gateway.webhooks.ping(house.account, made["id"])
        before = judge.says(3, made["secret"], NOBODYS)
        secret = house.gateway.webhooks.rotate(house.account, made["id"]).body["secret"]
        house.redeem(card["id"], 100)
        house.gateway.dispatch()
        [rotated] = judge.says(1, made["secret"], secret, NOBODYS)

    types = [json.loads(one["body"])["type"] for one in (*before, rotated)]
    assert types == ["gift_card.issued", "gift_card.redeemed", "ping", "gift_card.redeemed"]
    for package in ("svix", "standardwebhooks"):
        # With our secret, with nobody's, and with ours where a letter was changed.
        assert [one[package] for one in before] == [[True, False, False]] * 3
        assert rotated[package] == [True, True, False, False]
    assert [one["id"] for one in before] == [json.loads(one["body"])["id"] for one in before]
    assert {row["state"] for row in house.rows("webhook_deliveries")} == {"delivered"}
    house.gateway.close()


def test_the_reference_package_in_python_verifies_what_arrives_over_https(
    sqlite_url: str, tmp_path: Path
) -> None:
    """`svix` for Python verifies by this very package and adds nothing of its own, so it is not asked too."""
    issuer = Issuer(tmp_path)
    house = open_shop(tmp_path, sqlite_url, issuer)
    with Recorder(issuer.context(HOST)) as receiver:
        made = house.gateway.create_endpoint(house.account, url=receiver.url)
        house.issue(5000, message="Für Zoë — ¥2,500 🎁")
        house.gateway.dispatch()
        [sent] = receiver.requests

    told: Any = Webhook(made.body["secret"]).verify(sent.body, dict(sent.headers))
    assert told["data"]["gift_card"]["message"] == "Für Zoë — ¥2,500 🎁"
    house.gateway.close()
