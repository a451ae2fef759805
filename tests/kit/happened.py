"""What happened before: a delivery that a worker gave up, a run that is held, an account's past."""

from datetime import timedelta
from typing import Any

from connector.domain import ids
from connector.domain.accounts import Account
from connector.flows import recipe_files
from connector.store import accounts, deliveries, notifications, runs

from .house import BY_HAND, House

ASKING = """\
recipe: asking
title: A person decides each time
status: live
on: custom.asked
do:
  - hold: look at it first
  - issue_card: {amount: 25.00 USD}
if:
  - event.source != "nowhere"
tests:
  - name: it asks
    event: custom.asked
    given: {contact: {email: mia@example.com}}
    expect: [hold, issue_card: {}]
  - name: it does not ask
    event: custom.asked
    given: {event: {source: nowhere}}
    expect: nothing
"""


def open_webhook(house: House) -> str:
    """A delivery of a message that nobody has sent yet."""
    house.gateway.create_endpoint(house.account, url="http://127.0.0.1:9999/hook")
    parts = house.gateway.parts
    parts.writer.run(lambda tx: parts.desk(tx, house.account, BY_HAND).tell("custom.tried", None, {}))
    return str(house.gateway.webhooks.page(house.account, {"limit": 1}).data[0]["id"])


def held_run(house: House) -> str:
    """The id of a run that a person is to decide."""
    file = house.recipes / "asking.yaml"
    if not file.exists():
        file.write_text(ASKING)
        parts = house.gateway.parts
        snapshot = recipe_files.load(parts.library, parts.engines, parts.writer)
        assert snapshot.faults == (), snapshot.faults
    number = len(house.rows("runs"))
    [run] = house.tell(type="custom.asked", id=f"asked-{number}", email="m@example.com").body["runs"]
    assert run["outcome"] == "held"
    return str(run["id"])


def done_run(house: House) -> str:
    """The id of the first run, of which nobody was asked and which did something."""
    run = house.rows("runs")[0]
    assert run["outcome"] == "done"
    return str(run["public_id"])


def parked_delivery(house: House, source: str = "standard", account: Account | None = None) -> str:
    """The id of a delivery that was stored and that no worker will run any more."""
    whose = account or house.account
    request = house.told(type="custom.parked", id=f"parked-{len(house.rows('inbound_deliveries'))}")

    def work(tx: Any) -> str:
        parts = house.gateway.parts
        found = accounts.find_source(tx, parts.ring, whose.slug, source)
        assert found is not None
        name = ids.new_id(ids.INBOUND, tx.wall)
        told: dict[str, Any] = {
            "account_id": whose.id,
            "source_id": found.id,
            "request": request,
            "status": "accepted",
        }
        deliveries.add(tx, parts.ring, public_id=name, **told)
        return name

    return house.gateway.parts.writer.run(work)


def a_past(house: House, account: Account, source: str) -> dict[str, str]:
    """A delivery, an event and a run of this account, by the prefix of their ids."""
    parts = house.gateway.parts
    delivery = parked_delivery(house, source, account)

    def work(tx: Any) -> dict[str, str]:
        event, run = ids.new_id(ids.EVENT, tx.wall), ids.new_id(ids.RUN, tx.wall)
        kept = deliveries.find(tx, parts.ring, delivery)
        assert kept is not None
        row = deliveries.add_event(
            tx,
            public_id=event,
            account_id=account.id,
            source_id=kept.source_id,
            delivery_id=kept.id,
            contact_id=None,
            event_type="custom.parked",
            occurred_at=tx.wall,
            envelope=f'{{"account":"{account.slug}","adapter":"standard","contact":null,"data":{{}},'
            f'"id":"{event}","occurred_at":"2026-11-20T15:00:00Z","source":"{source}","type":"custom.parked"}}',
        )
        told = {"public_id": run, "account_id": account.id, "event_id": row, "contact_id": None}
        came_to: dict[str, Any] = {
            "outcome": "failed",
            "reason": "it broke",
            "place": None,
            "trace": [],
            "outputs": {},
        }
        runs.add_all(tx, [{**told, **came_to, "recipe": "first-booking", "revision": "a" * 64}])
        return {"dlv": delivery, "evt": event, "run": run}

    return parts.writer.run(work)


def failed_notification(house: House, whose: Account | None = None) -> str:
    """The id of a notification that its server refused for good."""
    parts, account = house.gateway.parts, whose or house.account

    def work(tx: Any) -> str:
        name = notifications.add(
            tx, parts.ring, account_id=account.id, template="x", via="email", to="mia@example.com"
        )
        [leased] = notifications.lease(tx, parts.ring, "email", lease_for=timedelta(minutes=1), limit=1)
        notifications.settle(tx, parts.ring, leased, state="failed", tries=1, reason="smtp_550")
        return name

    return parts.writer.run(work)
