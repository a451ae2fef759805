"""Calls that wait for somebody else: one account's never hold up all the others."""

import dataclasses
import threading
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from connector.domain.errors import RateLimited
from connector.flows.endpoint_fields import read
from connector.flows.long_calls import ALL, EACH, LongCalls
from connector.outside.exchange import Limits
from connector.outside.http import Client
from connector.web.front import THREADS
from tests.kit.crowd import PATIENCE_S
from tests.kit.house import House
from tests.kit.receiver import Recorder


def test_pings_of_receivers_that_hang_leave_threads_for_everybody_else(
    shop: House, receiver: Recorder
) -> None:
    """A hundred of them held the whole gateway: nobody's till was answered."""
    made = shop.gateway.create_endpoint(shop.account, url=receiver.url).body
    with ExitStack() as hanging:
        for _ in range(EACH):
            hanging.enter_context(shop.gateway.parts.long_calls.one(shop.account))

        with pytest.raises(RateLimited) as refused:
            shop.gateway.webhooks.ping(shop.account, made["id"])
        with pytest.raises(RateLimited):
            shop.gateway.directory.advance_clock_once(shop.account, "P1D", None)
        assert refused.value.retry_after is not None
        assert receiver.requests == [], "nothing was sent"
        with shop.gateway.parts.long_calls.one(shop.other):
            pass

    assert shop.gateway.webhooks.ping(shop.account, made["id"])["status"] == 200, "they have ended"


def test_an_endpoint_whose_name_hangs_is_taken_with_a_warning_while_others_are_waited_for(
    shop: House,
) -> None:
    over = threading.Event()

    def look_up(_name: str) -> Sequence[str]:
        assert over.wait(PATIENCE_S), "the caller waited"
        return ["192.0.2.7"]

    client = Client(look_up=look_up, limits=Limits(connect_s=2 * PATIENCE_S))
    parts = dataclasses.replace(shop.gateway.parts, client=client)
    with ExitStack() as hanging:
        for _ in range(EACH):
            hanging.enter_context(parts.long_calls.one(shop.account))

        found, warnings = read(parts, shop.account, {"url": "https://hooks.example.com/"})

    assert found == {"url": "https://hooks.example.com/"}
    assert warnings == ["hooks.example.com does not resolve at the moment"]
    over.set()
    client.close()


def test_however_many_accounts_there_are_most_threads_are_left(shop: House) -> None:
    begun, over = threading.Semaphore(0), threading.Event()
    calls = shop.gateway.parts.long_calls

    def hang(account: int) -> None:
        with calls.one(dataclasses.replace(shop.account, id=account)):
            begun.release()
            over.wait()

    hanging = [threading.Thread(target=hang, args=(account,), daemon=True) for account in range(1, ALL + 1)]
    for thread in hanging:
        thread.start()
    for _ in hanging:
        begun.acquire()

    with pytest.raises(RateLimited), calls.one(shop.account):
        raise AssertionError("it was let in")
    over.set()
    for thread in hanging:
        thread.join()
    with calls.one(shop.account):
        assert ALL <= THREADS // 2


def test_a_call_that_fails_is_over(shop: House) -> None:
    for _ in range(EACH + 1):
        with pytest.raises(ZeroDivisionError), shop.gateway.parts.long_calls.one(shop.account):
            raise ZeroDivisionError


@pytest.mark.parametrize(("threads", "most"), [(64, ALL), (17, ALL), (16, ALL), (6, 2), (2, 1), (1, 1)])
def test_of_few_threads_some_are_left_for_tills(shop: House, threads: int, most: int) -> None:
    calls = LongCalls()
    calls.keep_within(threads)
    with ExitStack() as hanging:
        for number in range(most):
            hanging.enter_context(calls.one(dataclasses.replace(shop.account, id=number)))

        with pytest.raises(RateLimited, match=f"and {most} of all"), calls.one(shop.other):
            pass
