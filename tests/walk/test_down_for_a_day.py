"""A receiver that is down for a day: all arrives, in order where asked, one body under one id (T45)."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from standardwebhooks.webhooks import Webhook

from tests.kit.house import open_house
from tests.kit.receiver import Received, Recorder


def test_everything_arrives_in_order_and_nothing_twice_with_another_body(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = open_house(tmp_path, sqlite_url)
    secrets = {}
    with Recorder() as ordered:
        for name, one in (("any", receiver), ("ordered", ordered)):
            ordering = "card" if name == "ordered" else "none"
            made = house.gateway.create_endpoint(house.account, url=one.url, ordering=ordering)
            secrets[name] = made.body["secret"]
            one.answers(*[503] * 500)
        cards = [house.issue(5000)["id"] for _ in range(3)]
        for hour in range(24):
            if hour % 8 == 0:
                for card in cards:
                    house.redeem(card, 100)
            house.gateway.dispatch()
            house.clock.forward(timedelta(hours=1))
        receiver.recovers()
        ordered.recovers()
        for _ in range(200):
            house.gateway.dispatch()
            house.clock.forward(timedelta(minutes=30))

        assert {row["state"] for row in house.rows("webhook_deliveries")} == {"delivered"}
        for name, one in (("any", receiver), ("ordered", ordered)):
            require_one_body_each(one.requests, secrets[name])
        arrived = defaultdict(list)
        for sent in ordered.requests:
            body = json.loads(sent.body)
            arrived[body["data"]["gift_card"]["id"]].append(body["sequence"])
        for card in cards:
            assert sorted(set(arrived[card])) == [1, 2, 3, 4]
            assert arrived[card] == sorted(arrived[card]), "a retry of the first, never a later one before it"
    house.gateway.close()


def require_one_body_each(requests: list[Received], secret: str) -> None:
    """Each id has one body, and each attempt is signed as the reference package signs it."""
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for sent in requests:
        bodies[sent.header("webhook-id")].add(sent.body)
        at = datetime.fromtimestamp(int(sent.header("webhook-timestamp")), UTC)
        signed = Webhook(secret).sign(sent.header("webhook-id"), at, sent.body.decode())
        assert signed == sent.header("webhook-signature")
    assert len(bodies) == 12
    assert {len(each) for each in bodies.values()} == {1}
