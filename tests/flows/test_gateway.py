"""The gateway's verbs: what it remembers of sources, its beginning and its end, whether it is ready."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.kit import Answers
from connector.domain.clock import SystemClock
from connector.domain.errors import NotFound, SignatureRefused
from connector.flows.gateway import SOURCES_KEPT_S
from connector.store import accounts
from tests.flows.making import a_house, a_recipe, an_order
from tests.kit import batches
from tests.kit.crowd import at_once, until
from tests.kit.house import House, open_house
from tests.kit.receiver import Recorder

LATER = {"standard": {"adapter": "standard", "respond": "async"}}


def test_an_account_is_found_by_its_name(shop: House) -> None:
    assert shop.gateway.account("glow-spa").currency == "USD"
    with pytest.raises(NotFound, match="nobody"):
        shop.gateway.account("nobody")


def test_a_new_secret_counts_after_a_moment(house: House) -> None:
    old = house.told(type="booking.created", booking_id="b-1", email="mia@example.com")
    house.receive("standard", old)
    parts = house.gateway.parts
    fresh = parts.adapters["standard"].new_secret()

    def turn(tx: Any) -> None:
        accounts.put_source(
            tx,
            parts.ring,
            house.account,
            slug="standard",
            adapter="standard",
            secrets=[fresh],
            settings={},
            managed_by="config",
        )

    parts.writer.run(turn)
    house.clock.forward(timedelta(seconds=SOURCES_KEPT_S))

    with pytest.raises(SignatureRefused):
        house.receive("standard", house.told(type="custom.x"))
    house.secrets = {**house.secrets, "standard": fresh}
    assert house.receive("standard", house.told(type="custom.x")).status == 200


def test_a_disabled_source_is_as_one_that_never_was(house: House) -> None:
    parts = house.gateway.parts
    parts.writer.run(lambda tx: accounts.disable_config_sources(tx, set()))

    with pytest.raises(NotFound) as refusal:
        house.tell(type="custom.x")
    with pytest.raises(NotFound) as unknown:
        house.gateway.receive("glow-spa", "nowhere", house.told(type="custom.x"))

    assert refusal.value.detail == unknown.value.detail


def test_each_platform_hears_not_now_in_its_own_status(shop: House) -> None:
    assert shop.gateway.busy_status("glow-spa", "zapier") == 429
    assert shop.gateway.busy_status("glow-spa", "standard") == 503
    assert shop.gateway.busy_status("glow-spa", "nowhere") == 503


def test_only_platforms_that_ask_by_head_are_answered(sqlite_url: str, tmp_path: Path) -> None:
    asking = batches.an_adapter(answers=Answers(answers_head=True))
    with a_house(tmp_path, sqlite_url, adapters=[asking]) as house:
        assert house.gateway.answers_head("glow-spa", "batch")
        assert not house.gateway.answers_head("glow-spa", "standard")
        assert not house.gateway.answers_head("glow-spa", "nowhere")


def test_sources_are_listed_with_their_account(shop: House) -> None:
    slugs = [one.source.slug for one in shop.gateway.sources(shop.account)]

    assert slugs == sorted(shop.secrets)
    assert shop.gateway.sources(shop.other) == []


def test_a_stored_delivery_wakes_the_worker_and_its_message_the_sender(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    with a_house(tmp_path, database_url, a_recipe("plain"), sources=LATER, clock=SystemClock()) as house:
        house.gateway.create_endpoint(house.account, url=receiver.url)
        house.gateway.start(look_every_s=600)

        assert house.tell(**an_order()).status == 202

        receiver.wait_for(1)
        until(lambda: [row["state"] for row in house.rows("webhook_deliveries")] == ["delivered"])
        house.gateway.stop()


def test_what_was_left_over_is_done_at_the_next_start(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    with a_house(tmp_path, database_url, a_recipe("plain"), sources=LATER) as before:
        before.gateway.create_endpoint(before.account, url=receiver.url)
        before.tell(**an_order())
        clock = before.clock
    with a_house(tmp_path, database_url, a_recipe("plain"), sources=LATER, clock=clock) as house:
        house.gateway.start(look_every_s=0.05)

        receiver.wait_for(1)

        until(lambda: [row["state"] for row in house.rows("webhook_deliveries")] == ["delivered"])
        house.gateway.stop()


def test_a_gateway_that_never_began_can_be_ended(shop: House) -> None:
    shop.gateway.stop()


def test_a_house_is_ready_and_names_a_bad_recipe_without_being_less_ready(
    sqlite_url: str, tmp_path: Path
) -> None:
    texts = {"good": a_recipe("good"), "bad": "recipe: bad\nstatus: live\n"}
    house = open_house(tmp_path, sqlite_url, recipes=texts)

    is_ready, shown = house.gateway.readiness()

    assert (is_ready, shown["status"]) == (True, "ready")
    assert all(shown["checks"].values())
    assert any("bad.yaml" in fault for fault in shown["recipe_faults"])
    assert not any("good.yaml" in fault for fault in shown["recipe_faults"])
    house.gateway.close()


def test_a_house_whose_database_is_gone_is_not_ready(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url)
    shutil.move(tmp_path / "connector.db", tmp_path / "elsewhere.db")

    is_ready, shown = house.gateway.readiness()

    assert (is_ready, shown["status"], shown["checks"]["database"]) == (False, "not_ready", False)
    house.gateway.close()


def test_the_ledger_is_proved_whole_or_by_account(house: House) -> None:
    house.issue()

    assert house.gateway.verify().is_ok
    assert house.gateway.verify(house.account).cards == 1
    assert house.gateway.verify(house.other).cards == 0


def test_a_gateway_is_shared_by_many_threads(house: House) -> None:
    secret = house.key("cards:read")
    card = house.issue()

    calls: list[Any] = [
        lambda: house.gateway.authenticate(secret).key,
        lambda: house.gateway.card(house.account, card["id"])["id"],
        lambda: house.tell(type="booking.completed", booking_id="b-1", email="mia@example.com").status,
    ] * 8

    for ended in at_once(calls):
        assert ended.value
    assert house.snapshot("mia@example.com")["visits"] == 1
