"""Endpoints: who wants to be told, with a secret that is shown once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.domain.errors import IdempotencyKeyReused, NotFound, TooManySecrets, ValidationFailed
from connector.domain.signing import require_standard, standard_key
from connector.flows.endpoint_fields import MASKED, MAX_DESCRIPTION, MAX_TYPES
from connector.flows.perform import Idempotency
from tests.kit.house import House
from tests.kit.receiver import Received, Recorder, Reply

URL = "http://127.0.0.1:9999/hook"
KEY = Idempotency("k", "POST", "/v1/webhook-endpoints", b"{}")


def create(house: House, **changed: Any) -> dict[str, Any]:
    return dict(house.gateway.create_endpoint(house.account, **{"url": URL, **changed}).body)


def test_an_endpoints_secret_is_shown_once_and_kept_sealed(house: House) -> None:
    made = create(house, description="till", metadata={"a": "b"})

    shown = house.gateway.endpoint(house.account, made["id"])

    assert made["secret"].startswith("whsec_")
    assert {name: made[name] for name in shown} == shown
    assert "secret" not in shown
    assert len(shown["secrets"][0]["fingerprint"]) == 8
    assert made["secret"] not in house.everything()
    assert (shown["status"], shown["description"], shown["metadata"]) == ("enabled", "till", {"a": "b"})


def test_endpoints_are_listed_newest_first_in_their_own_account(house: House) -> None:
    first, second = create(house)["id"], create(house)["id"]

    assert [one["id"] for one in house.gateway.list_endpoints(house.account)] == [second, first]
    assert house.gateway.list_endpoints(house.other) == []
    with pytest.raises(NotFound):
        house.gateway.endpoint(house.other, first)


def test_the_same_key_makes_one_endpoint_and_gives_its_secret_again(house: House) -> None:
    first = house.gateway.create_endpoint(house.account, url=URL, key=KEY)

    again = house.gateway.create_endpoint(house.account, url=URL, key=KEY)

    assert (again.is_replayed, again.body) == (True, first.body)
    assert len(house.gateway.list_endpoints(house.account)) == 1
    with pytest.raises(IdempotencyKeyReused):
        other = Idempotency("k", "POST", "/v1/webhook-endpoints", b"{ }")
        house.gateway.create_endpoint(house.account, url=URL, key=other)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"event_types": []}, "event_types"),
        ({"event_types": ["gift_card.isued"]}, "event_types"),
        ({"event_types": ["gift_card"]}, "event_types"),
        ({"event_types": ["*.issued"]}, "event_types"),
        ({"event_types": ["ping"] * (MAX_TYPES + 1)}, "event_types"),
        ({"description": "x" * (MAX_DESCRIPTION + 1)}, "description"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "http://10.0.0.1/hook"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://gifts.example.com/hooks/glow-spa/standard"}, "url"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(shop: House, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        create(shop, **changed)

    assert [one.field for one in refusal.value.errors] == [field]
    assert shop.rows("endpoints") == []


def test_a_type_named_twice_is_there_once(shop: House) -> None:
    made = create(shop, event_types=["gift_card.*", "custom.x", "gift_card.*"])

    assert made["event_types"] == ["gift_card.*", "custom.x"]


def test_only_what_was_asked_for_is_sent(house: House) -> None:
    create(house, event_types=["gift_card.redeemed"])
    create(house, event_types=["gift_card.*"])
    card = house.issue()
    house.redeem(card["id"], 100)

    by_endpoint = [row["endpoint_id"] for row in house.rows("webhook_deliveries")]

    assert sorted(by_endpoint) == [1, 2, 2]


def test_a_deleted_endpoint_is_gone_and_gets_nothing_more(house: House) -> None:
    made = create(house)
    house.issue()

    house.gateway.delete_endpoint(house.account, made["id"])
    house.issue()

    assert [row["state"] for row in house.rows("webhook_deliveries")] == ["cancelled"]
    for ask in (house.gateway.endpoint, house.gateway.delete_endpoint):
        with pytest.raises(NotFound):
            ask(house.account, made["id"])


def test_another_accounts_endpoint_cannot_be_deleted(shop: House) -> None:
    made = create(shop)

    with pytest.raises(NotFound):
        shop.gateway.delete_endpoint(shop.other, made["id"])

    assert shop.gateway.endpoint(shop.account, made["id"])["status"] == "enabled"


# Changed, rotated, paused


def test_a_change_keeps_id_secret_and_backlog(house: House) -> None:
    made = create(house)
    house.issue()

    changed = house.gateway.webhooks.change(
        house.account, made["id"], {"url": URL + "/2", "rate_limit": 7, "metadata": {"b": 1}}
    ).body

    assert (changed["id"], changed["url"], changed["rate_limit"]) == (made["id"], URL + "/2", 7)
    assert changed["secrets"] == made["secrets"]
    assert changed["backlog"] == 1
    with pytest.raises(NotFound):
        house.gateway.webhooks.change(house.other, made["id"], {"rate_limit": 7})


def test_custom_headers_are_sent_sealed_and_shown_masked(house: House, receiver: Recorder) -> None:
    made = create(house, url=receiver.url, headers={"X-Api-Key": "till-7-secret"})
    house.issue()

    house.gateway.dispatch()

    assert receiver.requests[0].header("x-api-key") == "till-7-secret"
    assert made["headers"] == {"x-api-key": MASKED}
    assert "till-7-secret" not in house.everything()


def test_another_host_clears_the_headers_unless_they_are_given_along(house: House) -> None:
    change = house.gateway.webhooks.change
    made = create(house, headers={"x-key": "one", "x-other": "two"})

    kept = change(house.account, made["id"], {"url": URL + "/2"}).body
    masked = change(house.account, made["id"], {"headers": {"x-key": MASKED}}).body
    elsewhere = {"url": "http://127.0.0.2:9999/hook"}
    with pytest.raises(ValidationFailed, match="no value yet"):
        change(house.account, made["id"], {**elsewhere, "headers": {"x-key": MASKED}})
    cleared = change(house.account, made["id"], elsewhere).body

    assert set(kept["headers"]) == {"x-key", "x-other"}
    assert set(masked["headers"]) == {"x-key"}
    assert cleared["headers"] == {}


def test_both_secrets_sign_until_the_overlap_is_over(house: House, receiver: Recorder) -> None:
    made = create(house, url=receiver.url)

    turned = house.gateway.webhooks.rotate(house.account, made["id"], overlap_s=3600).body
    house.issue()
    house.gateway.dispatch()
    house.clock.forward(timedelta(hours=1))
    house.issue()
    house.gateway.dispatch()

    assert turned["secret"] != made["secret"]
    assert len(turned["secrets"]) == 2
    first, second = receiver.requests
    signatures = [len(one.header("webhook-signature").split(" ")) for one in (first, second)]
    assert signatures == [2, 1]
    for one, secret in ((first, made["secret"]), (first, turned["secret"]), (second, turned["secret"])):
        require_signed(one, secret)


def require_signed(sent: Received, secret: str) -> None:
    require_standard(
        [standard_key(secret)],
        sent.header("webhook-id"),
        sent.header("webhook-timestamp"),
        sent.header("webhook-signature"),
        sent.body,
        datetime.fromtimestamp(int(sent.header("webhook-timestamp")), UTC),
    )


def test_a_leaked_secret_ends_at_once_and_five_are_the_most(house: House) -> None:
    made, rotate = create(house), house.gateway.webhooks.rotate
    for _ in range(4):
        rotate(house.account, made["id"])
    with pytest.raises(TooManySecrets):
        rotate(house.account, made["id"])

    turned = rotate(house.account, made["id"], overlap_s=0).body

    assert [one["expires_at"] for one in turned["secrets"]] == [None]


@pytest.mark.parametrize(
    "how",
    [
        {"overlap_s": -1},
        {"overlap_s": 7 * 86_400 + 1},
        {"overlap_s": 10**18},
        {"secret": "whsec_"},
        {"secret": "whsec_" + "A" * 31 + "="},
        {"secret": "whsec_" + "A" * 100},
        {"secret": "A" * 32},
        {"secret": "whsec_" + "é" * 32},
        {"secret": "whsec_" + "-" * 32},
    ],
)
def test_a_rotation_that_cannot_be_is_refused(house: House, how: dict[str, Any]) -> None:
    made = create(house)

    with pytest.raises(ValidationFailed):
        house.gateway.webhooks.rotate(house.account, made["id"], **how)

    assert len(house.gateway.endpoint(house.account, made["id"])["secrets"]) == 1


def test_a_secret_of_ones_own_signs(house: House) -> None:
    made, own = create(house), "whsec_" + "A" * 32
    assert house.gateway.webhooks.rotate(house.account, made["id"], secret=own).body["secret"] == own
    with pytest.raises(ValidationFailed, match="already"):
        house.gateway.webhooks.rotate(house.account, made["id"], secret=own)


def test_what_is_for_a_paused_endpoint_waits_and_goes_on(house: House, receiver: Recorder) -> None:
    made, verbs = create(house, url=receiver.url), house.gateway.webhooks
    assert verbs.pause(house.account, made["id"]).body["status"] == "paused"
    house.issue()
    house.issue()

    assert house.gateway.dispatch() == 0
    [one, _] = verbs.page(house.account, {}).data
    assert (one["state"], one["waiting_for"]) == ("pending", "endpoint")
    assert verbs.enable(house.account, made["id"]).body["status"] == "enabled"

    assert house.gateway.dispatch() == 2


def test_a_backlog_can_be_dropped_and_counters_start_anew(house: House, receiver: Recorder) -> None:
    made, verbs = create(house, url=receiver.url), house.gateway.webhooks
    receiver.answers(Reply(500, headers={"webhook-delivery": "disable"}))
    house.issue()
    house.gateway.dispatch()
    assert house.gateway.endpoint(house.account, made["id"])["failing_since"] is not None

    found = verbs.enable(house.account, made["id"], "drop").body

    assert (found["status"], found["disabled_reason"], found["failing_since"]) == ("enabled", None, None)
    assert [one["reason"] for one in verbs.page(house.account, {}).data] == ["backlog_dropped"]
    with pytest.raises(ValidationFailed):
        verbs.enable(house.account, made["id"], "keep")


def test_without_order_what_was_blocked_goes(house: House, receiver: Recorder) -> None:
    made = create(house, url=receiver.url, ordering="card")
    card = house.issue()
    house.redeem(card["id"], 100)
    [second, first] = house.gateway.webhooks.page(house.account, {}).data
    assert (first["waiting_for"], second["waiting_for"]) == (None, "order")

    house.gateway.webhooks.change(house.account, made["id"], {"ordering": "none"})

    assert {one["waiting_for"] for one in house.gateway.webhooks.page(house.account, {}).data} == {None}


def test_a_list_counts_each_backlog(house: House) -> None:
    for types in (["*"], ["gift_card.redeemed"], ["gift_card.issued"]):
        house.gateway.create_endpoint(house.account, url="http://127.0.0.1:9999/hook", event_types=types)
    house.redeem(house.issue()["id"], 100)

    page = house.gateway.webhooks.endpoints(house.account, {"limit": 2})
    rest = house.gateway.webhooks.endpoints(house.account, {"limit": 2, "cursor": page.next_cursor})

    assert [one["backlog"] for one in page.data] == [1, 1]
    assert [(one["backlog"], rest.next_cursor) for one in rest.data] == [(2, None)]
    assert [one["backlog"] for one in house.gateway.list_endpoints(house.account)] == [1, 1, 2]
