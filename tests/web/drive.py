"""Every call of the API once, as the document's own examples say it: what people would try first."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from connector.web import examples, schemas
from connector.web.calls import PREFIXES, Call
from connector.web.factory import every_call
from tests.kit.deeds import do, make_sandbox
from tests.kit.happened import done_run, failed_notification, held_run, open_webhook, parked_delivery
from tests.web.door import Door

PLACE = re.compile(r"\{(\w+)\}")
ORDER = {"POST": 0, "PATCH": 1, "PUT": 1, "GET": 2, "DELETE": 3}
ENDS = ("clock", "merge", "withdraw", "cancel", "erase")
PUBLIC = "https://shop.example.com/hooks/gift-cards"
LOCAL = "http://127.0.0.1:9999/hook"
FRESH = {
    "post /v1/runs/{run}/approve": ("run", held_run),
    "post /v1/runs/{run}/refuse": ("run", held_run),  # which can be replayed, and is, next
    "get /v1/runs/{run}/test": ("run", done_run),  # no test shows what a person decided
    "post /v1/inbound/{delivery}/replay": ("delivery", parked_delivery),
    "post /v1/notifications/{notification}/retry": ("notification", failed_notification),
    "post /v1/webhook-deliveries/{webhook_delivery}/cancel": ("webhook_delivery", open_webhook),
}
"""What a call ends is made for it: each of these can be done once."""


QUERIES = {"delete /v1/hooks": f"target_url={LOCAL}&event=gift_card.issued"}


def is_deed(call: Call) -> bool:
    """Whether the call is an operation's, which has samples of its own."""
    return (call.answer or "").partition(" ")[0] in ("rest", "action")


@dataclass
class Driver:
    """One door, and what was made through it: the newest id of each place in a path."""

    door: Door
    keys: dict[str, str]
    places: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, door: Door) -> "Driver":
        """A card is there, a redemption of it, a hold on it."""
        house = door.house
        driver = cls(door, {"admin": house.key("admin"), "platform": platform_key(door)})
        card = house.issue(2500, contact={"email": "ada@example.com"})
        moved = house.redeem(card["id"], 500).body
        hold = do(house, "hold", card=card["id"], amount=100)["hold"]["id"]
        driver.places |= {"card": card["id"], "contact": card["contact_id"], "contact_id": card["contact_id"]}
        driver.places |= {"transaction": moved["transaction"]["id"], "code": card["code"], "hold": hold}
        driver.others |= {
            examples.ANOTHER_CARD: house.issue(100)["id"],
            examples.ANOTHER_CONTACT: card["contact_id"],
        }
        told = house.tell(type="booking.created", booking_id="b-1", email="lin@example.com").body
        driver.places |= {"run": told["runs"][0]["id"], "event": told["events"][0]["id"]}
        driver.places["delivery"] = told["delivery_id"]
        sent = open_webhook(house)
        message = house.gateway.webhooks.one(house.account, sent)["message_id"]
        driver.places |= {"webhook_delivery": sent, "message": message, "event_type": "gift_card.issued"}
        return driver

    def ask(self, call: Call) -> Any:
        """The answer's JSON; None where it has no body. The status is the documented one."""
        if call.name in FRESH:
            place, make = FRESH[call.name]
            self.places[place] = make(self.door.house)
        path = PLACE.sub(lambda place: self.places[place[1]], call.path)
        key = self.keys["platform" if call.path.startswith("/v1/accounts") else "admin"]
        if call.path == "/v1/clock":
            make_sandbox(self.door.house)  # what is live has the world's
        query = QUERIES.get(call.name)
        answer = self.door.call(call.method, path, key=key, body=self.body(call), query=query)
        assert answer.status_code == call.status, (call.name, answer.text)
        told = None if call.answer is None else answer.get_json(force=True)
        if told is not None and call.method == "POST":
            self.note(call, told)
        return told

    def body(self, call: Call) -> Any:
        """The document's example, with ids that are there."""
        example = examples.body_of(call)
        if example is None:
            return None
        text = json.dumps(example).replace(PUBLIC, LOCAL).replace("TEST-7K2Q-9MXW-4HPA", self.places["code"])
        ids = {examples.id_of(place): self.places[place] for place in PREFIXES if place in self.places}
        for one, there in {**ids, **self.others}.items():
            text = text.replace(one, there)
        return json.loads(text)

    def note(self, call: Call, told: Any) -> None:
        for place, pointer in schemas.MADE.get(schemas.name_of(call.answer or ""), {}).items():
            found = told
            for step in pointer.strip("/").split("/"):
                found = found[step]
            self.places[place] = str(found)


def in_order() -> list[Call]:
    """All calls that are no deeds: what makes things first, what ends them last."""
    return sorted((one for one in every_call() if not is_deed(one)), key=_rank)


def _rank(call: Call) -> tuple[int, int, str]:
    word = call.path.rpartition("/")[2]
    if word in ENDS:
        return ORDER["DELETE"], ENDS.index(word) - len(ENDS), call.path
    return ORDER[call.method], call.path.count("{"), call.path


def platform_key(door: Door) -> str:
    return str(door.house.gateway.create_key(None, name="platform")["key"])
