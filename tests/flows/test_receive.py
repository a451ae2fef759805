"""Receiving: every status and refusal, copies, batches, faults; and nothing done twice."""

import contextlib
import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.adapters import kit, registry
from connector.domain.errors import (
    AddressNotAllowed,
    BadJson,
    NotFound,
    NotUnderstood,
    OutcomeUnknown,
    SignatureRefused,
    Unavailable,
    WrongContentType,
)
from connector.domain.inbound import Request
from connector.flows.news import MAX_EVENTS
from connector.flows.receive import REJECTED_FOR, TRIES
from connector.store.writer import DatabaseFault
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, an_order
from tests.kit import batches
from tests.kit.crowd import Crowd, at_once, until
from tests.kit.house import House
from tests.kit.pauses import Gate, Pauses

A_CARD = a_recipe("a-card", once_per="event.order.id")
SPENDING = a_recipe("spending", do=(ISSUE, SPEND), once_per="event.order.id")
FAILING = a_recipe("b-failing", do=(ISSUE, SPEND.replace("5.00", "500.00")))
AFTERWARDS = a_recipe("z-afterwards")


def fail() -> None:
    raise DatabaseFault("the disk is gone")


# Statuses


def test_what_a_recipe_acts_on_is_processed(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, A_CARD) as house:
        answer = house.tell(**an_order())

        assert (answer.status, answer.body["status"]) == (200, "processed")
        [event] = answer.body["events"]
        assert event["type"] == "order.paid"
        [run] = answer.body["runs"]
        assert (run["recipe"], run["outcome"]) == ("a-card", "done")
        [kept] = house.rows("inbound_deliveries")
        assert (kept["status"], kept["public_id"]) == ("processed", answer.body["delivery_id"])
        assert [row["public_id"] for row in house.rows("events")] == [event["id"]]
        assert [row["public_id"] for row in house.rows("runs")] == [run["id"]]


def test_what_nobody_listens_to_is_ignored_but_counted(database_url: str, tmp_path: Path) -> None:
    """Threats, row 86."""
    with a_house(tmp_path, database_url, A_CARD) as house:
        answer = house.tell(type="booking.completed", booking_id="b-1", email="mia@example.com")

        assert (answer.status, answer.body["status"], answer.body["runs"]) == (200, "ignored", [])
        assert house.snapshot("mia@example.com")["visits"] == 1
        assert [row["type"] for row in house.rows("events")] == ["booking.completed"]


def test_what_holds_nothing_of_ours_is_ignored(shop: House) -> None:
    body = json.dumps({"event": "user.created", "created_at": "2026-11-20T15:00:00Z"}).encode()

    answer = shop.receive("calendly", shop.signed("calendly", "booking.created", body=body))

    assert (answer.status, answer.body["status"], answer.body["events"]) == (200, "ignored", [])


def test_a_known_delivery_gets_the_first_answer_whatever_else_it_says(house: House) -> None:
    first = house.tell(delivery="msg_1", type="booking.created", booking_id="b-1", email="mia@example.com")

    again = house.tell(delivery="msg_1", type="booking.created", booking_id="b-2", email="ada@example.com")

    assert again.body == {**first.body, "status": "duplicate"}
    assert again.status == 200
    assert len(house.rows("inbound_deliveries")) == len(house.cards()) == 1


def test_a_duplicate_shows_no_code_once_the_source_gives_none(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, A_CARD) as house:
        first = house.tell(delivery="msg_1", **an_order())
        assert "code" in first.body["runs"][0]["outputs"]["card"]
    (tmp_path / "later").mkdir()

    quiet = {"standard": {"adapter": "standard", "return_codes": False}}
    with a_house(tmp_path / "later", database_url, A_CARD, sources=quiet) as house:
        again = house.tell(delivery="msg_1", **an_order())

    assert again.body["status"] == "duplicate"
    assert "code" not in again.body["runs"][0]["outputs"]["card"]
    assert "code" not in again.body["runs"][0]["outputs"]["steps"]["issue_card"]["card"]


def test_a_copy_is_known_although_the_first_answer_cannot_be_opened_any_more(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, A_CARD) as house:
        first = house.tell(delivery="msg_1", **an_order())
    (tmp_path / "later").mkdir()

    with a_house(tmp_path / "later", sqlite_url, A_CARD, keys=(b"n" * 32,)) as house:
        again = house.tell(delivery="msg_1", **an_order())

        assert again.body["delivery_id"] == first.body["delivery_id"]
        assert (again.status, again.body["status"], again.body["runs"]) == (200, "duplicate", [])


def test_what_is_not_understood_is_kept_as_rejected_and_refused(house: House) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        house.tell(delivery="msg_1", email="mia@example.com")

    [kept] = house.rows("inbound_deliveries")
    assert (kept["status"], kept["reason"]) == ("rejected", refusal.value.detail)
    assert json.loads(house.body_of(kept)) == {"email": "mia@example.com"}
    assert house.rows("events") == house.rows("contacts") == []


def test_a_platform_that_gives_up_after_a_refusal_hears_200(shop: House) -> None:
    body = json.dumps({"event": "invitee.created", "payload": 7}).encode()

    answer = shop.receive("calendly", shop.signed("calendly", "booking.created", body=body))

    assert (answer.status, answer.body["status"]) == (200, "rejected")
    assert answer.body["detail"]


def test_a_rejected_delivery_that_comes_again_is_kept_once(house: House) -> None:
    for _ in range(5):
        with pytest.raises(NotUnderstood):
            house.tell(delivery="msg_1", email="mia@example.com")
        house.clock.forward(timedelta(hours=6))
    with pytest.raises(NotUnderstood):
        house.tell(delivery="msg_2", email="ada@example.com")

    assert [row["status"] for row in house.rows("inbound_deliveries")] == ["rejected"] * 2
    house.clock.forward(REJECTED_FOR)
    with pytest.raises(NotUnderstood):
        house.tell(delivery="msg_3", email="mia@example.com")
    assert len(house.rows("inbound_deliveries")) == 3


def test_a_copy_sent_after_the_mend_is_processed_although_it_was_rejected(
    database_url: str, tmp_path: Path
) -> None:
    blind = batches.an_adapter(read=refuse_all)
    request: Request
    with a_house(tmp_path, database_url, A_CARD, adapters=[blind]) as house:
        request = house.signed("batch", "order.paid")
        with pytest.raises(NotUnderstood):
            house.receive("batch", request)
        mended = dataclasses.replace(house.gateway.parts, adapters={"batch": batches.an_adapter()})
        house.gateway.parts = mended

        answer = house.receive("batch", request)

        assert answer.body["status"] == "processed"


def refuse_all(_verified: kit.Verified) -> list[Any]:
    raise NotUnderstood("I know nothing")


# Refusals


def test_a_source_that_is_not_there_is_refused_like_a_wrong_token(shop: House) -> None:
    request = shop.signed("zapier", "order.paid")
    wrong = dataclasses.replace(request, headers={"content-type": "application/json"}, token="guessed")

    told = []
    for account, source in (("glow-spa", "nowhere"), ("nobody", "zapier"), ("other-shop", "zapier")):
        with pytest.raises(NotFound) as unknown:
            shop.gateway.receive(account, source, wrong)
        told.append(unknown.value.detail)
    with pytest.raises(NotFound) as guessed:
        shop.receive("zapier", wrong)
    with pytest.raises(NotFound) as misplaced:
        shop.receive("standard", dataclasses.replace(request, token="x"))

    assert {*told, guessed.value.detail, misplaced.value.detail} == {kit.NO_SUCH_SOURCE}
    assert shop.rows("inbound_deliveries") == []


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"body": b'{"type": "order.paid"}'}, SignatureRefused),
        ({"headers": {"content-type": "application/json"}}, SignatureRefused),
        ({"headers": {"content-type": "text/plain"}}, WrongContentType),
        ({"token": "abc"}, NotFound),
    ],
)
def test_a_refusal_leaves_no_row(shop: House, changed: dict[str, Any], error: type[Exception]) -> None:
    request = dataclasses.replace(shop.told(**an_order()), **changed)

    with pytest.raises(error):
        shop.receive("standard", request)

    assert shop.rows("inbound_deliveries") == shop.rows("delivery_keys") == []


def test_a_body_that_is_not_json_leaves_no_row(shop: House) -> None:
    with pytest.raises(BadJson):
        shop.receive("standard", shop.signed("standard", "order.paid", body=b"{"))

    assert shop.rows("inbound_deliveries") == []


def test_a_signature_that_is_too_old_is_refused_although_the_delivery_was_taken(shop: House) -> None:
    """T07."""
    request = shop.told(delivery="msg_1", **an_order())
    shop.receive("standard", request)
    shop.clock.forward(timedelta(days=400))

    with pytest.raises(SignatureRefused):
        shop.receive("standard", dataclasses.replace(request, received_at=shop.clock.now()))


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("198.51.100.1", False),
        ("2001:db8::1", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_only_allowed_addresses_may_post(
    sqlite_url: str, tmp_path: Path, address: str, is_allowed: bool
) -> None:
    fenced = {"standard": {"adapter": "standard", "allow_ips": ["192.0.2.0/24"]}}
    with a_house(tmp_path, sqlite_url, A_CARD, sources=fenced) as house:
        request = dataclasses.replace(house.told(**an_order()), address=address)
        if is_allowed:
            assert house.receive("standard", request).status == 200
        else:
            with pytest.raises(AddressNotAllowed):
                house.receive("standard", request)
            assert house.rows("inbound_deliveries") == []


# Later


def test_a_source_that_answers_async_accepts_and_a_worker_runs_it_once(
    database_url: str, tmp_path: Path
) -> None:
    later = {"standard": {"adapter": "standard", "respond": "async"}}
    with a_house(tmp_path, database_url, A_CARD, sources=later) as house:
        request = house.told(**an_order())
        answer = house.receive("standard", request)
        assert (answer.status, answer.body["status"], answer.body["runs"]) == (202, "accepted", [])
        assert house.cards() == house.rows("events") == []
        waiting = house.receive("standard", request)
        assert waiting.body["delivery_id"] == answer.body["delivery_id"]
        assert (waiting.status, waiting.body["status"]) == (200, "duplicate")

        assert house.gateway.run_backlog() == 1
        assert house.gateway.run_backlog() == 0

        assert len(house.cards()) == 1
        again = house.receive("standard", request)
        assert again.body["status"] == "duplicate"
        assert [run["outcome"] for run in again.body["runs"]] == ["done"]
        house.require_proof()


def test_what_takes_too_long_is_accepted_and_run_later_from_the_start(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, SPENDING, AFTERWARDS, pause=pauses) as house:
        pauses.at("redeem.card_read", lambda: house.clock.forward(timedelta(seconds=2.5)))

        answer = house.tell(**an_order())

        assert (answer.status, answer.body["status"]) == (202, "accepted")
        assert house.cards() == house.rows("runs") == house.rows("messages") == []
        assert house.gateway.run_backlog() == 1  # the worker is in no hurry
        assert len(house.cards()) == 2
        assert [row["status"] for row in house.rows("inbound_deliveries")] == ["processed"]
        house.require_proof()


def test_a_database_fault_is_tried_three_times_then_the_delivery_alone_is_kept(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, SPENDING, pause=pauses) as house:
        pauses.at("redeem.card_read", fail)

        answer = house.tell(**an_order())

        assert (answer.status, answer.body["status"]) == (202, "accepted")
        assert pauses.passed["redeem.card_read"] == TRIES == 3
        assert house.cards() == house.rows("events") == house.rows("contacts") == []
        pauses.nowhere()
        assert house.gateway.run_backlog() == 1
        assert [card["balance"] for card in house.cards()] == [2000]
        house.require_proof()


def test_a_fault_that_passes_is_not_seen_outside(database_url: str, tmp_path: Path) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, SPENDING, pause=pauses) as house:

        def fail_twice() -> None:
            if pauses.passed["redeem.card_read"] < TRIES:
                fail()

        pauses.at("redeem.card_read", fail_twice)

        answer = house.tell(**an_order())

        assert (answer.status, answer.body["status"]) == (200, "processed")
        assert [card["balance"] for card in house.cards()] == [2000]


def test_a_database_that_cannot_be_written_at_all_is_unavailable_and_nothing_is_kept(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, SPENDING, pause=pauses) as house:
        request = house.told(**an_order())
        pauses.at("writer.before_commit", fail)

        with pytest.raises(Unavailable) as refusal:
            house.receive("standard", request)

        assert refusal.value.retry_after is not None
        pauses.nowhere()
        assert house.rows("inbound_deliveries") == house.rows("delivery_keys") == []
        assert house.receive("standard", request).body["status"] == "processed"


def test_where_nobody_knows_the_sender_is_told_so_and_its_copy_finds_out(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, A_CARD, pause=pauses) as house:
        request = house.told(**an_order())
        pauses.at("writer.after_commit", lose_the_line)

        with pytest.raises(OutcomeUnknown):
            house.receive("standard", request)

        pauses.nowhere()
        again = house.receive("standard", request)
        assert again.body["status"] == "duplicate"
        assert len(house.cards()) == 1


def lose_the_line() -> None:
    raise OutcomeUnknown


# Copies at the same moment


def test_a_copy_that_comes_while_the_first_runs_waits_for_its_answer(
    database_url: str, tmp_path: Path
) -> None:
    pauses, gate = Pauses(), Gate()
    with a_house(tmp_path, database_url, SPENDING, pause=pauses) as house:
        request = house.told(**an_order())
        pauses.at("redeem.card_read", gate)

        first = Crowd([lambda: house.receive("standard", request)])
        assert gate.reached.wait(10)
        copy = Crowd([lambda: house.receive("standard", request)])
        if not house.gateway.parts.engines.is_sqlite:
            until(lambda: _is_waiting_for_a_row(house))
        assert not copy.ended[0].is_done
        gate.open()
        [one], [other] = first.wait(), copy.wait()

        assert one.value.body["status"] == "processed"
        assert other.value.body == {**one.value.body, "status": "duplicate"}
        assert len(house.cards()) == 1
        house.require_proof()


def _is_waiting_for_a_row(house: House) -> bool:
    with house.gateway.parts.engines.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
        return bool(found.scalar_one())


def test_twenty_copies_at_once_have_one_effect(database_url: str, tmp_path: Path) -> None:
    """T05."""
    with a_house(tmp_path, database_url, A_CARD) as house:
        request = house.told(**an_order())

        ended = at_once([lambda: house.receive("standard", request)] * 20)

        statuses = sorted(one.value.body["status"] for one in ended)
        assert statuses == ["duplicate"] * 19 + ["processed"]
        assert len({one.value.body["delivery_id"] for one in ended}) == 1
        assert len(house.cards()) == 1


# Batches


def a_batch(house: House, name: str, *items: tuple[str, str, str]) -> Request:
    request = house.signed("batch", "order.paid", body=batches.body(items))
    return dataclasses.replace(request, headers={**request.headers, batches.HEADER: name})


ONE, TWO, THREE = (
    ("o-1", "a@example.com", "10.00"),
    ("o-2", "b@example.com", "20.00"),
    ("o-3", "a@example.com", "30.00"),
)


def test_items_that_came_in_an_earlier_batch_are_dropped(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, AFTERWARDS, adapters=[batches.an_adapter()]) as house:
        house.receive("batch", a_batch(house, "b-1", ONE, TWO))

        answer = house.receive("batch", a_batch(house, "b-2", TWO, THREE, THREE, ONE))

        assert answer.body["status"] == "processed"
        assert len(answer.body["events"]) == 1
        assert len(house.cards()) == 3
        assert house.snapshot("a@example.com")["spent"].minor == 4000
        assert house.snapshot("b@example.com")["spent"].minor == 2000


def test_a_batch_of_known_items_is_a_duplicate_and_so_is_its_own_copy(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, AFTERWARDS, adapters=[batches.an_adapter()]) as house:
        first = house.receive("batch", a_batch(house, "b-1", ONE, TWO))

        for _ in range(2):
            answer = house.receive("batch", a_batch(house, "b-2", TWO, ONE))
            assert answer.body == {**first.body, "status": "duplicate"}

        assert len(house.rows("inbound_deliveries")) == 1
        assert len(house.cards()) == 2


def test_a_worker_drops_known_items_too(database_url: str, tmp_path: Path) -> None:
    later = {"batch": {"adapter": "batch", "respond": "async"}}
    with a_house(tmp_path, database_url, AFTERWARDS, adapters=[batches.an_adapter()], sources=later) as house:
        house.receive("batch", a_batch(house, "b-1", ONE, TWO))
        house.receive("batch", a_batch(house, "b-2", TWO, TWO, THREE))

        assert house.gateway.run_backlog() == 2

        assert len(house.cards()) == 3
        assert [row["status"] for row in house.rows("inbound_deliveries")] == ["processed"] * 2


def test_a_batch_over_the_limit_is_rejected_as_a_whole(sqlite_url: str, tmp_path: Path) -> None:
    """Threats, row 92."""
    items = [(f"o-{number}", "a@example.com", "1.00") for number in range(MAX_EVENTS + 1)]
    with a_house(tmp_path, sqlite_url, A_CARD, adapters=[batches.an_adapter()]) as house:
        with pytest.raises(NotUnderstood, match=str(MAX_EVENTS)):
            house.receive("batch", a_batch(house, "b-1", *items))

        assert house.rows("events") == []
        assert [row["status"] for row in house.rows("inbound_deliveries")] == ["rejected"]


def test_two_batches_with_the_same_people_in_another_order_never_deadlock(
    database_url: str, tmp_path: Path
) -> None:
    pauses, gate = Pauses(), Gate()
    adapters = [batches.an_adapter()]
    with a_house(tmp_path, database_url, SPENDING, adapters=adapters, pause=pauses) as house:
        people = [f"p{number}@example.com" for number in range(4)]
        one, other = (
            a_batch(house, name, *[(f"{name}-{person}", person, "1.00") for person in order])
            for name, order in (("b-1", people), ("b-2", people[::-1]))
        )
        pauses.at("redeem.card_read", gate)

        first = Crowd([lambda: house.receive("batch", one)])
        assert gate.reached.wait(10)
        second = Crowd([lambda: house.receive("batch", other)])
        if not house.gateway.parts.engines.is_sqlite:
            until(lambda: _is_waiting_for_a_row(house))
        gate.open()

        for ended in (*first.wait(), *second.wait()):
            assert ended.value.body["status"] == "processed"
        assert pauses.passed["redeem.card_read"] == len(house.cards()) == 8, "no step was done again"
        house.require_proof()


# Codes


def test_a_code_is_answered_only_where_the_source_says_so_and_stands_nowhere_in_clear(
    database_url: str, tmp_path: Path
) -> None:
    loud = {"quiet": {"adapter": "standard", "return_codes": False}}
    with a_house(tmp_path, database_url, A_CARD, sources=loud) as house:
        house.gateway.create_endpoint(house.account, url="http://127.0.0.1:9999/hook")
        answer = house.tell(**an_order("o-1"))
        quiet = house.tell("quiet", **an_order("o-2"))

        outputs = answer.body["runs"][0]["outputs"]
        code = outputs["card"]["code"]
        assert outputs["steps"]["issue_card"]["card"]["code"] == code
        assert house.gateway.card_by_code(house.account, code)["id"] == outputs["card"]["id"]
        assert "code" not in json.dumps(quiet.body["runs"])
        stored = house.everything().lower()
        assert code.lower() not in stored
        assert code.replace("-", "").lower() not in stored


# Pings and codes of other people's cards


def changed_zapier(**how: Any) -> kit.Adapter:
    return dataclasses.replace(registry.find("zapier"), name="other", **how)


def test_a_ping_is_answered_200_without_a_proof_and_leaves_nothing(sqlite_url: str, tmp_path: Path) -> None:
    other = changed_zapier(is_ping=lambda request: request.body == b"ping")
    with a_house(tmp_path, sqlite_url, A_CARD, adapters=[other]) as house:
        signed = house.signed("other", "order.paid")
        ping = dataclasses.replace(signed, headers={}, body=b"ping")

        answer = house.receive("other", ping)

        assert (answer.status, answer.body["status"], answer.body["runs"]) == (200, "ignored", [])
        assert not answer.is_proved
        assert house.rows("inbound_deliveries") == []
        with pytest.raises(WrongContentType):
            house.receive("other", dataclasses.replace(ping, body=b"pings"))


@pytest.mark.parametrize("type_", ["order.paid", "!!!"], ids=["understood", "rejected"])
def test_a_platforms_own_card_codes_are_kept_nowhere(sqlite_url: str, tmp_path: Path, type_: str) -> None:
    other = changed_zapier(card_fields=frozenset({"gan"}))
    with a_house(tmp_path, sqlite_url, A_CARD, adapters=[other]) as house:
        fields = {**an_order(), "type": type_, "gan": "7783320007480909", "deep": {"gan": "7783320007480909"}}
        request = house.signed("other", "order.paid", body=json.dumps(fields).encode())

        if type_ == "!!!":
            with pytest.raises(NotUnderstood):
                house.receive("other", request)
        else:
            assert house.receive("other", request).body["status"] == "processed"
        with contextlib.suppress(NotUnderstood):
            house.receive("other", request)

        [row] = house.rows("inbound_deliveries")
        kept = json.loads(house.body_of(row))
        assert (kept["gan"], kept["deep"]) == ("****0909", {"gan": "****0909"})
        assert "7783320007480909" not in house.everything()
