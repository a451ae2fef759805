"""Several whole gateways on one PostgreSQL, one that stands still, one that dies: each effect once."""

import signal
from pathlib import Path

import pytest

from tests.faults.shop import Shop
from tests.kit.databases import PostgresMaker
from tests.kit.journal import Load
from tests.kit.process import Place, Serving, settle
from tests.kit.receiver import Recorder
from tests.kit.wire import Wire, a_request


def test_two_gateways_share_the_work_and_one_takes_over_when_the_other_dies(
    tmp_path: Path, postgres_maker: PostgresMaker, receiver: Recorder
) -> None:
    with postgres_maker.fresh(tmp_path) as url:
        place = settle(tmp_path, url)
        with (
            Serving.at(place) as first,
            Serving.at(place) as second,
            Shop.open(place, first, receiver) as shop,
            Load(shop.deeds, shop.journal, second.port) as other,
        ):
            shop.load.wait_for(60)
            second.kill()
            other.stop()
            shop.load.wait_for(20)

            assert shop.audit() == []


def test_messages_are_sent_once_where_nobody_dies_though_two_look_for_them(
    tmp_path: Path, postgres_maker: PostgresMaker, receiver: Recorder
) -> None:
    with postgres_maker.fresh(tmp_path) as url:
        place = settle(tmp_path, url)
        with (
            Serving.at(place) as first,
            Serving.at(place),
            Shop.open(place, first, receiver) as shop,
        ):
            shop.load.wait_for(60)

            assert shop.audit() == []
            ids = [one.header("webhook-id") for one in receiver.requests]
            assert len(ids) == len(set(ids))


def test_a_gateway_that_stood_still_goes_on_where_it_was(place: Place, receiver: Recorder) -> None:
    with Serving.at(place) as served, Shop.open(place, served, receiver) as shop:
        for _ in range(3):
            shop.load.wait_for(15)
            served.process.signal(signal.SIGSTOP)
            with Wire(served.port) as wire:
                wire.send(a_request("GET", "/healthz"))
                wire.socket.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    wire.socket.recv(1)
                served.process.signal(signal.SIGCONT)
                wire.socket.settimeout(20)
                assert wire.socket.recv(12) == b"HTTP/1.1 200"
        shop.load.wait_for(15)

        assert shop.audit() == []
