"""The gift cards of an order are made by a job, each once, whatever stops in between."""

from pathlib import Path

import pytest

from connector.domain.orders import Coded
from connector.flows import assigning
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.orders import ORDER, give_back, sell
from tests.kit.pauses import Pauses

ONE = [Coded("ABCD-EFGH-1234", "giftCode")]


def assign(house: House) -> bool:
    external = house.gateway.dialects.external
    return bool(external.assign(house.account, BY_HAND, ORDER, ONE, None).body["scheduled"])


class Stopped(BaseException):
    """The process ends here."""


def stop() -> None:
    raise Stopped


def test_a_job_that_was_stopped_goes_on_and_makes_no_card_twice(sqlite_url: str, tmp_path: Path) -> None:
    """S002-176, S002-178: before its commit nothing was done, after it nothing is done again."""
    pauses = Pauses()
    house = open_house(tmp_path, sqlite_url, pause=pauses)
    sell(house)
    assert assign(house)
    pauses.at("writer.before_commit", stop)
    with pytest.raises(Stopped):
        house.gateway.run_jobs()
    house.gateway.close()

    again = open_house(tmp_path, sqlite_url)
    try:
        assert again.cards() == []
        assert again.gateway.run_jobs() == 3
        assert again.gateway.run_jobs() == 0 and assign(again)
        assert len(again.cards()) == 3
        again.require_proof()
    finally:
        again.gateway.close()


def test_who_was_erased_gets_no_card_and_the_line_says_why(shop: House) -> None:
    sell(shop)
    assign(shop)
    [contact] = shop.rows("contacts")
    shop.gateway.people.erase(shop.account, BY_HAND, contact["public_id"])

    shop.gateway.run_jobs()

    [job] = shop.gateway.jobs.every(shop.account).data
    assert (job["done"], job["failed"]) == (0, 3)
    lines = shop.gateway.jobs.lines(shop.account, job["id"], caller="", limit=None, cursor=None).data
    assert {one["error"]["code"] for one in lines} == {"contact_erased"}


def test_an_order_given_back_before_its_job_gets_no_card_and_the_lines_say_why(house: House) -> None:
    sell(house)
    assign(house)
    give_back(house, "145.00")

    house.gateway.run_jobs()

    [job] = house.gateway.jobs.every(house.account).data
    assert (job["done"], job["failed"]) == (0, 3) and house.cards() == []
    lines = house.gateway.jobs.lines(house.account, job["id"], caller="", limit=None, cursor=None).data
    assert {one["error"]["code"] for one in lines} == {"conflict"}
    assert "given back" in lines[0]["error"]["detail"]


def test_a_card_says_which_order_it_was_bought_by(shop: House) -> None:
    sell(shop)
    assign(shop)
    shop.gateway.run_jobs()

    [card, *_] = shop.rows("cards")
    assert card["origin"]["order"] == f"gid://shopify/Order/{ORDER}"
    assert {one["reference"] for one in shop.rows("transfers")} == {f"order gid://shopify/Order/{ORDER}"}


def test_codes_are_folded_as_the_document_says() -> None:
    """S002-103, S002-173, S002-174."""
    assert assigning.folded(" AB cd-EF ") == "abcd-ef"
    assert assigning.dashed_end("abcd-ef") == "d-ef"
    assert assigning.dashed_end("ab-cdef") is None
