"""The gift cards of an order are made by a job, each once, whatever stops in between."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path

import pytest

from connector.domain.errors import CodeTaken, Conflict
from connector.domain.orders import Coded
from connector.flows import assigning, programs
from tests.flows.making import a_house, a_recipe
from tests.kit.crowd import PATIENCE_S, Crowd, at_once, until
from tests.kit.databases import PostgresMaker
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.orders import FIRST, ORDER, give_back, sell
from tests.kit.pauses import Gate, Pauses

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


PIECE = ((FIRST, 1, "25.00"),)
SELL = "issue_card: {amount: 25.00 USD, kind: paid}"
THANK = "issue_card: {amount: 5.00 USD}"


def tell_by_rest(house: House) -> None:
    line = {"id": FIRST, "gift_card": True, "price": "25.00"}
    house.gateway.orders.add(house.account, BY_HAND, {"id": ORDER, "lines": [line]}, None)


def is_waiting(house: House) -> bool:
    """Whether a transaction waits for what another one holds."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with house.gateway.parts.engines.reading() as connection:
        found = connection.exec_driver_sql(f"{waiting} AND datname = current_database()")
        return bool(found.scalar_one())


def kinds(house: House) -> list[tuple[str, int]]:
    house.gateway.run_jobs()
    return sorted((one["kind"], one["balance"]) for one in house.rows("cards"))


def refusal(house: House) -> str:
    with pytest.raises(Conflict) as refused:
        assign(house)
    return refused.value.detail


def test_a_recipe_sells_nothing_of_an_order_that_codes_were_assigned_to(
    database_url: str, tmp_path: Path
) -> None:
    """The shop tells of it after REST did, and again when somebody lets the run be tried again."""
    with a_house(
        tmp_path, database_url, a_recipe("sell", do=(SELL,)), a_recipe("thank", do=(THANK,))
    ) as house:
        tell_by_rest(house)
        assign(house)
        sell(house, cards=PIECE)

        [thanked, refused] = sorted(house.rows("runs"), key=itemgetter("outcome"))
        assert (thanked["outcome"], refused["outcome"]) == ("done", "failed")
        assert "codes were assigned to this order" in refused["reason"]
        assert kinds(house) == [("paid", 2500), ("promotional", 500)]

        house.gateway.runs.replay(house.account, BY_HAND, refused["public_id"], "same")
        assert kinds(house) == [("paid", 2500), ("promotional", 500)]
        house.require_proof()


def test_a_recipe_that_sells_by_loading_sells_nothing_of_it_either(sqlite_url: str, tmp_path: Path) -> None:
    loading = "load_card: {amount: 25.00 USD, kind: paid}"
    with a_house(tmp_path, sqlite_url, a_recipe("load", do=(loading,))) as house:
        tell_by_rest(house)
        assign(house)
        sell(house, cards=PIECE)

        assert [one["outcome"] for one in house.rows("runs")] == ["failed"]
        assert kinds(house) == [("paid", 2500)]


def test_a_recipe_that_comes_late_sells_nothing_either(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("late", do=("wait: 2 hours", SELL))) as house:
        tell_by_rest(house)
        assign(house)
        sell(house, cards=PIECE)
        house.clock.forward(timedelta(hours=2))
        house.gateway.tick()

        assert [one["outcome"] for one in house.rows("runs")] == ["failed"]
        assert kinds(house) == [("paid", 2500)]


def test_a_recipe_sells_what_is_of_another_order_or_of_none(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("sell", do=(SELL,))) as house:
        tell_by_rest(house)
        assign(house)
        sell(house, number=ORDER + 1, cards=PIECE)
        house.tell(type="order.paid", id="e1", order_id="o-1", email="ada@example.com", amount="5.00")

        assert [one["outcome"] for one in house.rows("runs")] == ["done", "done"]


@pytest.mark.parametrize("before", ["wait: 2 hours", "hold: look"])
def test_while_a_run_of_the_order_stands_still_no_codes_are_assigned(
    sqlite_url: str, tmp_path: Path, before: str
) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("late", do=(before, SELL))) as house:
        sell(house, cards=PIECE)

        [run] = house.rows("runs")
        assert run["public_id"] in refusal(house) and kinds(house) == []


@pytest.mark.parametrize(
    ("later", "is_free"),
    [
        (THANK, True),
        ("issue_card: {amount: 5.00 USD, kind: promotional}", True),
        ("issue_card: {amount: 5.00 USD, program: thanks}", True),
        ("add_tag: {tag: bought}", True),
        ("issue_card: {amount: 5.00 USD, program: sold}", False),
        ("issue_card: {amount: 5.00 USD, program: unknown}", False),
        ("issue_card: {amount: 5.00 USD, program: '${{ event.source }}'}", False),
        ("issue_card: {amount: 5.00 USD, programs: [sold, also-sold]}", False),
        ("load_card: {amount: 5.00 USD}", True),
        ("load_card: {amount: 5.00 USD, kind: paid}", False),
        ("load_card: {amount: 5.00 USD, program: sold}", False),
        ("load_card: {amount: 5.00 USD, card: '${{ event.source }}'}", False),
    ],
)
def test_a_run_that_stands_still_is_waited_for_only_where_it_may_sell_something(
    sqlite_url: str, tmp_path: Path, later: str, is_free: bool
) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("late", do=("wait: 2 hours", later))) as house:
        for slug, kind in (("thanks", "promotional"), ("sold", "paid"), ("also-sold", "paid")):
            told = {"slug": slug, "name": slug, "kind": kind}
            programs.create(house.gateway.parts, house.account, BY_HAND, told)
        sell(house, cards=PIECE)
        assert [one["outcome"] for one in house.rows("runs")] == ["waiting"]

        if is_free:
            assert assign(house) and kinds(house) == [("paid", 2500)]
        else:
            assert "has not ended" in refusal(house) and kinds(house) == []


def test_a_card_for_the_whole_order_stands_for_its_pieces(sqlite_url: str, tmp_path: Path) -> None:
    """Worth what no piece costs: which of them it is for, nobody knows."""
    whole = "issue_card: {amount: 50.00 USD, kind: paid}"
    with a_house(tmp_path, sqlite_url, a_recipe("whole", do=(whole,))) as house:
        sell(house, cards=((FIRST, 2, "25.00"),))

        assert house.cards()[0]["id"] in refusal(house) and kinds(house) == [("paid", 5000)]


def test_a_card_given_as_thanks_is_no_piece_of_the_order(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thank", do=(THANK,))) as house:
        sell(house, cards=PIECE)

        assert assign(house) and kinds(house) == [("paid", 2500), ("promotional", 500)]


def test_what_a_recipe_sold_for_the_shop_is_not_made_for_rest(sqlite_url: str, tmp_path: Path) -> None:
    """The shop told no gift cards, REST did: the recipe's card is the piece's all the same."""
    with a_house(tmp_path, sqlite_url, a_recipe("sell", do=(SELL,))) as house:
        sell(house, cards=())
        tell_by_rest(house)

        with pytest.raises(CodeTaken):
            assign(house)
        assert kinds(house) == [("paid", 2500)]


def test_a_recipe_and_a_request_at_the_same_moment_sell_a_piece_once(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, a_recipe("sell", do=(SELL,))) as house:
        tell_by_rest(house)

        def ask() -> None:
            with suppress(Conflict):
                assign(house)

        at_once([ask, lambda: sell(house, cards=PIECE)])

        assert kinds(house) == [("paid", 2500)]
        house.require_proof()


def test_codes_asked_for_while_an_unseen_webhook_sells_wait_for_it(
    postgres_maker: PostgresMaker, tmp_path: Path
) -> None:
    """The order comes by REST inside the webhook's transaction: two connections, and nothing to lock yet."""
    pauses, gate = Pauses(), Gate()
    recipe = a_recipe("sell", do=(SELL, "add_tag: {tag: bought}"))
    with postgres_maker.fresh(tmp_path) as url, a_house(tmp_path, url, recipe, pause=pauses) as house:
        pauses.at("writer.before_commit", gate)
        webhook = Crowd([lambda: sell(house, cards=PIECE)])
        assert gate.reached.wait(PATIENCE_S)
        tell_by_rest(house)
        asking = Crowd([partial(assign, house)])
        until(partial(is_waiting, house))
        gate.open()
        [sold], [asked] = webhook.wait(), asking.wait()

        assert sold.error is None and isinstance(asked.error, CodeTaken)
        assert kinds(house) == [("paid", 2500)]
        house.require_proof()


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
