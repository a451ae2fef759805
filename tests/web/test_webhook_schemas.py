"""What the document says of endpoints, messages and deliveries is what the answers hold."""

from connector.web.webhook_schemas import SCHEMAS
from tests.kit.house import BY_HAND, House
from tests.kit.receiver import Recorder
from tests.web.test_schemas import faults


def test_every_field_of_an_answer_is_described_and_no_other(sqlite_house: House, receiver: Recorder) -> None:
    gateway, account = sqlite_house.gateway, sqlite_house.account
    made = gateway.create_endpoint(account, url=receiver.url, headers={"x-key": "1"}, rate_limit=9).body
    receiver.answers(500)
    sqlite_house.issue()
    gateway.dispatch()
    webhooks = gateway.webhooks
    deliveries, messages = webhooks.page(account, {}).as_json(), webhooks.messages(account, {}).as_json()
    answers = [
        ("NewEndpoint", made),
        ("Endpoint", gateway.endpoint(account, made["id"])),
        ("RotatedEndpoint", webhooks.rotate(account, made["id"]).body),
        ("WebhookDeliveryPage", deliveries),
        ("MessagePage", messages),
        ("Message", webhooks.message(account, messages["data"][0]["id"])),
        ("AttemptPage", webhooks.attempts(account, deliveries["data"][0]["id"])),
        ("Ping", webhooks.ping(account, made["id"])),
        ("Recovery", webhooks.recover(account, BY_HAND, made["id"], since=sqlite_house.clock.now()).body),
    ]

    for name, body in answers:
        assert faults(name, body) == [], name
        if not name.endswith("Page"):
            assert set(body) == set(SCHEMAS[name]["properties"]), name
