"""Thousands of cards by one request: each line once, whatever stops in between, and fair to everybody."""

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Account, Actor
from connector.domain.errors import Conflict, NotFound, ValidationFailed
from connector.domain.sealing import KeyRing
from connector.flows.bulk import AT_ONCE, CODES_SHOWN_FOR, Asked, Worker
from connector.flows.perform import Idempotency
from connector.store import jobs
from tests.kit.crowd import until
from tests.kit.house import BY_HAND, KEY, House, open_house
from tests.kit.pauses import Pauses

CALLER = "key_test"
GOOD = Asked({"amount": 2500})
WRONG = Asked({}, ValidationFailed("amount is required"))


def asked(count: int, **fields: Any) -> list[Asked]:
    return [Asked({"amount": 100 + number, **fields}) for number in range(count)]


def submitted(house: House, lines: list[Asked], account: Account | None = None, **how: Any) -> dict[str, Any]:
    answered = house.gateway.jobs.submit(account or house.account, BY_HAND, lines, **how)
    assert answered.status == 202
    return dict(answered.body)


def lines_of(house: House, job: dict[str, Any], caller: str = CALLER) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = house.gateway.jobs.lines(house.account, job["id"], caller=caller, limit=250, cursor=cursor)
        found += page.data
        cursor = page.next_cursor
        if cursor is None:
            return found


class Stopped(BaseException):
    """The process ends here."""


def stop() -> None:
    raise Stopped


def test_every_line_becomes_a_card_with_its_code_in_its_own_place(house: House) -> None:
    job = submitted(house, asked(AT_ONCE + 7))
    assert (job["state"], job["total"], job["done"]) == ("queued", AT_ONCE + 7, 0)

    assert house.gateway.run_jobs() == AT_ONCE + 7

    ended = house.gateway.jobs.one(house.account, job["id"])
    assert (ended["state"], ended["done"], ended["failed"]) == ("done", AT_ONCE + 7, 0)
    assert ended["ended_at"] is not None
    lines = lines_of(house, job)
    assert [line["number"] for line in lines] == list(range(1, AT_ONCE + 8))
    assert [line["gift_card"]["balance"] for line in lines] == [100 + n for n in range(AT_ONCE + 7)]
    assert len({line["gift_card"]["code"] for line in lines}) == AT_ONCE + 7
    origin = lines[0]["gift_card"]["origin"]
    assert origin == {"key_id": CALLER, "job_id": job["id"]}
    assert house.gateway.card_by_code(house.account, lines[0]["gift_card"]["code"])["source"] == "api"
    assert len(house.rows("messages")) == AT_ONCE + 7
    house.require_proof()


def test_one_bad_line_spoils_no_other(house: House) -> None:
    house.issue(code="TAKEN-CODE")
    lines = [GOOD, WRONG, Asked({"amount": 500, "code": "taken code"}), Asked({"amount": -5}), GOOD]
    job = submitted(house, lines)

    house.gateway.run_jobs()

    found = lines_of(house, job)
    assert [line["state"] for line in found] == ["done", "failed", "failed", "failed", "done"]
    codes = [line["error"] and line["error"]["code"] for line in found]
    assert codes == [None, "validation_failed", "code_taken", "validation_failed", None]
    ended = house.gateway.jobs.one(house.account, job["id"])
    assert (ended["done"], ended["failed"]) == (2, 3)
    assert len(house.cards()) == 3
    house.require_proof()


def test_fields_of_every_kind_arrive_as_they_were_read(house: House) -> None:
    expires_at = house.clock.now() + timedelta(days=30, microseconds=5)
    fields = {
        "amount": 700,
        "currency": "JPY",
        "code": "MY-OWN-CODE",
        "contact": {"email": "mia@example.com"},
        "expires_at": expires_at,
        "metadata": {"n": 1, "deep": [{"x": None}]},
    }
    job = submitted(house, [Asked(fields)])

    house.gateway.run_jobs()

    [line] = lines_of(house, job)
    card = line["gift_card"]
    assert (card["code"], card["currency"], card["metadata"]) == ("MY-OWN-CODE", "JPY", fields["metadata"])
    [row] = house.rows("cards")
    assert row["expires_at"] == expires_at
    assert row["contact_id"] is not None


@pytest.mark.parametrize("point", ["writer.before_commit", "writer.after_commit"])
def test_a_stop_between_batches_or_within_one_does_no_line_twice_and_loses_none(
    database_url: str, tmp_path: Path, point: str
) -> None:
    """S004-60. Whoever is killed before a commit has done nothing, after it everything."""
    pauses = Pauses()
    house = open_house(tmp_path, database_url, pause=pauses)
    job = submitted(house, asked(2 * AT_ONCE + 5))
    Worker(house.gateway.parts).turn()
    pauses.at(point, stop)
    with pytest.raises(Stopped):
        Worker(house.gateway.parts).turn()
    house.gateway.close()

    again = open_house(tmp_path, database_url)
    again.gateway.run_jobs()

    ended = again.gateway.jobs.one(again.account, job["id"])
    assert (ended["state"], ended["done"], ended["failed"]) == ("done", 2 * AT_ONCE + 5, 0)
    amounts = sorted(card["balance"] for card in again.cards())
    assert amounts == [100 + number for number in range(2 * AT_ONCE + 5)]
    again.require_proof()
    again.gateway.close()


def test_what_was_to_be_done_is_sealed_and_forgotten_once_it_is(house: House) -> None:
    job = submitted(house, [Asked({"amount": 100, "code": "SECRET-CODE-1", "note": "quite private"})])
    assert "SECRET-CODE-1" not in house.everything()
    assert "quite private" not in house.everything()

    house.gateway.run_jobs()

    [row] = house.rows("job_lines")
    assert row["input_sealed"] is None
    assert "SECRET-CODE-1" not in house.everything()
    assert lines_of(house, job)[0]["gift_card"]["code"] == "SECRET-CODE-1"


def test_a_line_shows_its_card_as_it_is_so_that_nobody_who_was_erased_stays_in_it(house: House) -> None:
    mia = {"email": "mia@example.com", "last_name": "Quillfeather"}
    job = submitted(
        house, asked(1, contact=mia, recipient={"name": "Quillfeather"}, message="Dear Quillfeather")
    )
    house.gateway.run_jobs()
    [before] = lines_of(house, job)
    house.redeem(before["gift_card"]["id"], 100)
    assert "Quillfeather" in str(before)

    house.gateway.people.erase(house.account, BY_HAND, before["gift_card"]["contact_id"])

    [line] = lines_of(house, job)
    assert "Quillfeather" not in str(line)
    assert line["gift_card"]["code"] == before["gift_card"]["code"]
    now = house.gateway.card(house.account, line["gift_card"]["id"])
    assert line["gift_card"] == {**now, "code": line["gift_card"]["code"]}
    with house.gateway.parts.engines.reading() as connection:
        found = jobs.find(connection, house.account.id, job["id"])
        assert found is not None
        [kept] = jobs.lines(connection, house.gateway.parts.ring, found, after=0, limit=9)
    assert "Quillfeather" not in str(kept.answer)


def test_codes_are_shown_to_the_key_that_asked_and_for_three_days(shop: House) -> None:
    job = submitted(shop, [GOOD])
    shop.gateway.run_jobs()

    assert lines_of(shop, job, caller="key_of_another")[0]["gift_card"]["code"] is None
    shop.clock.forward(CODES_SHOWN_FOR - timedelta(seconds=1))
    assert lines_of(shop, job)[0]["gift_card"]["code"] is not None
    shop.clock.forward(timedelta(seconds=1))
    assert lines_of(shop, job)[0]["gift_card"]["code"] is None


def test_the_same_idempotency_key_is_the_same_job(house: House) -> None:
    key = Idempotency("bulk-1", "POST", "/v1/gift-cards/bulk", b"{}")
    first = submitted(house, asked(3), key=key)
    house.gateway.run_jobs()

    again = house.gateway.jobs.submit(house.account, BY_HAND, asked(3), key)

    assert again.is_replayed
    assert again.body == first
    assert house.gateway.run_jobs() == 0
    assert len(house.cards()) == 3


def test_a_huge_job_does_not_hold_up_another_accounts(house: House) -> None:
    """The huge one was first, and has many batches; the small one is done by the second."""
    worker = Worker(house.gateway.parts)
    huge = submitted(house, asked(4 * AT_ONCE))
    small = submitted(house, asked(2), house.other)

    worker.turn()
    worker.turn()

    assert house.gateway.jobs.one(house.other, small["id"])["state"] == "done"
    assert house.gateway.jobs.one(house.account, huge["id"])["done"] == AT_ONCE


def test_an_accounts_jobs_are_done_in_the_order_they_came(shop: House) -> None:
    worker = Worker(shop.gateway.parts)
    first, second = submitted(shop, asked(AT_ONCE + 1)), submitted(shop, asked(1))

    worker.turn()
    assert shop.gateway.jobs.one(shop.account, first["id"])["state"] == "running"
    worker.turn()
    worker.turn()

    states = [shop.gateway.jobs.one(shop.account, one["id"])["state"] for one in (first, second)]
    assert states == ["done"] * 2
    assert worker.turn() == 0


def test_a_cancelled_job_does_no_more_and_keeps_what_it_made(house: House) -> None:
    job = submitted(house, asked(AT_ONCE + 10, code=None))
    Worker(house.gateway.parts).turn()

    answered = house.gateway.jobs.cancel(house.account, job["id"])

    assert (answered.status, answered.body["state"], answered.body["done"]) == (200, "cancelled", AT_ONCE)
    assert house.gateway.run_jobs() == 0
    states = [line["state"] for line in lines_of(house, job)]
    assert states == ["done"] * AT_ONCE + ["cancelled"] * 10
    assert all(row["input_sealed"] is None for row in house.rows("job_lines"))
    assert house.gateway.jobs.cancel(house.account, job["id"]).body == answered.body
    assert len(house.cards()) == AT_ONCE


def test_a_job_that_is_done_cannot_be_cancelled(shop: House) -> None:
    job = submitted(shop, [GOOD])
    shop.gateway.run_jobs()

    with pytest.raises(Conflict):
        shop.gateway.jobs.cancel(shop.account, job["id"])


def test_another_accounts_job_does_not_exist(shop: House) -> None:
    job = submitted(shop, [GOOD])

    with pytest.raises(NotFound):
        shop.gateway.jobs.one(shop.other, job["id"])
    with pytest.raises(NotFound):
        shop.gateway.jobs.lines(shop.other, job["id"], caller=CALLER, limit=None, cursor=None)
    with pytest.raises(NotFound):
        shop.gateway.jobs.cancel(shop.other, job["id"])
    assert shop.gateway.jobs.every(shop.other).data == []


def test_jobs_are_listed_newest_first_page_by_page(shop: House) -> None:
    made = [submitted(shop, [GOOD])["id"] for _ in range(3)]

    first = shop.gateway.jobs.every(shop.account, limit=2)
    second = shop.gateway.jobs.every(shop.account, limit=2, cursor=first.next_cursor)

    assert [job["id"] for job in first.data + second.data] == made[::-1]
    assert second.next_cursor is None


class _Broken(KeyRing):
    """Opens and seals, and fails where a card's code is to be kept."""

    def lookup_hashes(self, plain: str) -> list[str]:
        raise RuntimeError("a bug")


def test_a_line_that_meets_a_bug_fails_and_the_rest_goes_on(shop: House) -> None:
    job = submitted(shop, [WRONG, GOOD, Asked({"amount": -1})])
    broken = dataclasses.replace(shop.gateway.parts, ring=_Broken([KEY]))

    Worker(broken).turn()

    errors = [line["error"]["code"] for line in lines_of(shop, job)]
    assert errors == ["validation_failed", "internal", "validation_failed"]
    assert "a bug" not in str(lines_of(shop, job))
    assert shop.cards() == []


def test_the_background_does_jobs_as_soon_as_they_come(shop: House) -> None:
    shop.gateway.start(look_every_s=600)
    job = submitted(shop, asked(3))

    until(lambda: shop.gateway.jobs.one(shop.account, job["id"])["state"] == "done")

    assert len(shop.cards()) == 3
    shop.gateway.stop()


def test_a_job_whose_key_is_revoked_ends_with_it(house: House) -> None:
    key = house.gateway.create_key(house.account, name="stolen")
    actor = Actor("api", {"key_id": key["id"]})
    job = house.gateway.jobs.submit(house.account, actor, asked(AT_ONCE + 1)).body
    worker = Worker(house.gateway.parts)
    worker.turn()

    house.gateway.revoke_key(house.account, key["id"])
    house.gateway.run_jobs()

    ended = house.gateway.jobs.one(house.account, job["id"])
    assert (ended["state"], ended["done"]) == ("cancelled", AT_ONCE)
    assert all(row["input_sealed"] is None for row in house.rows("job_lines"))


def test_a_job_whose_key_comes_to_its_end_ends_with_it(house: House) -> None:
    """T33: as from the next request on, nothing more is done by it."""
    ends_at = house.clock.now() + timedelta(minutes=1)
    key = house.gateway.create_key(house.account, name="short", expires_at=ends_at)
    actor = Actor("api", {"key_id": key["id"]})
    job = house.gateway.jobs.submit(house.account, actor, asked(2 * AT_ONCE)).body
    worker = Worker(house.gateway.parts)
    worker.turn()

    house.clock.forward(timedelta(minutes=1))
    house.gateway.run_jobs()

    ended = house.gateway.jobs.one(house.account, job["id"])
    assert (ended["state"], ended["done"]) == ("cancelled", AT_ONCE)


def test_who_asked_is_who_the_lines_are_from(shop: House) -> None:
    actor = Actor("api", {"key_id": "key_other"})
    shop.gateway.jobs.submit(shop.account, actor, [GOOD])

    shop.gateway.run_jobs()

    [card] = shop.cards()
    assert card["origin"]["key_id"] == "key_other"


@pytest.mark.parametrize(
    ("scopes", "name"), [(("cards:write",), "Mia"), (("contacts", "cards:write"), "Mallory")]
)
def test_lines_may_do_what_who_asked_might_do(house: House, scopes: tuple[str, ...], name: str) -> None:
    """T33: a job is no way round the scope that changes people."""
    house.issue(100, contact={"email": "mia@example.com", "first_name": "Mia"})
    house.clock.forward(timedelta(days=1))
    lines = [Asked({"amount": 100, "contact": {"email": "mia@example.com", "first_name": "Mallory"}})]
    house.gateway.jobs.submit(house.account, dataclasses.replace(BY_HAND, scopes=scopes), lines)

    house.gateway.run_jobs()

    [row] = house.rows("contacts")
    assert (row["first_name"], len(house.cards())) == (name, 2)


def test_why_a_line_failed_repeats_nobody_s_address(house: House) -> None:
    """What is kept of a line outlives the person who is erased."""
    people = house.gateway.people
    people.create(house.account, BY_HAND, {"email": "ada@example.com", "phone": "+14155550113"}, None)
    people.create(house.account, BY_HAND, {"external_id": "+14155550113"}, None)
    ambiguous = Asked({"amount": 500, "contact_id": "+14155550113"})
    refused = Asked({}, ValidationFailed("'ada@example.com' is not a currency", errors=[]))
    job = submitted(house, [ambiguous, refused, Asked({"amount": 5, "program": "spa"})])

    house.gateway.run_jobs()

    first, second, third = (line["error"] for line in lines_of(house, job))
    assert first["detail"].startswith("… is the external id of one contact and the phone of one contact: say")
    assert second["detail"] == "'…' is not a currency"
    assert third["detail"] == "There is no program 'spa' in this account."
    assert "14155550113" not in repr((first, second, third))
