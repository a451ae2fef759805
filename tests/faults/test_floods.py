"""Floods: too many connections, too few handles, refusals by the thousand. The gateway serves on."""

import resource
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.shop import Shop
from tests.kit.journal import Till, Told, send
from tests.kit.process import Running, Serving, settle
from tests.kit.receiver import Recorder
from tests.kit.wire import Wire, a_request, exchange

CROWD = 300
HANDLES = 128
REFUSED = 1_000
AT_ONCE = 6


def crowd(stack: ExitStack, port: int) -> None:
    """Connections that say half a line, as many as the gateway's queue takes."""
    for _ in range(CROWD):
        wire = stack.enter_context(Wire(port))
        wire.send(b"POST /hooks")


def test_with_few_handles_who_waits_behind_a_crowd_is_served_once_it_leaves(
    tmp_path: Path, receiver: Recorder
) -> None:
    place = settle(tmp_path)
    before = ("prlimit", f"--nofile={HANDLES}:{HANDLES}")
    with (
        Serving.at(place, before=before) as served,
        Shop.open(place, served, receiver, callers=0) as shop,
    ):
        shop.do(3)
        with ExitStack() as stack:
            crowd(stack, served.port)
            waiting = shop.begin()
        assert shop.end(*waiting).status == 200

        shop.do(3)
        assert shop.audit() == []


def test_a_gateway_that_ran_out_of_handles_goes_on_once_there_are_some(
    tmp_path: Path, receiver: Recorder
) -> None:
    place = settle(tmp_path)
    with Serving.at(place) as served, Shop.open(place, served, receiver, callers=0) as shop:
        shop.do(3)
        served.process.limit(resource.RLIMIT_NOFILE, handles(served.process))
        waiting = [shop.begin() for _ in range(AT_ONCE)]
        served.process.limit(resource.RLIMIT_NOFILE, 4_096)

        assert {shop.end(*one).status for one in waiting} <= {0, 200, 202, 503}

        shop.do(3)
        assert shop.audit() == []


def handles(process: Running) -> int:
    """The number above every handle that is open now."""
    return 1 + max(int(path.name) for path in Path(f"/proc/{process.pid}/fd").iterdir())


@pytest.mark.parametrize("role", ["signature", "key", "source"])
def test_what_is_refused_costs_little_log_and_no_database(tmp_path: Path, role: str) -> None:
    place = settle(tmp_path)
    deed = next(Till(place).deeds())
    long = "x" * 4_000
    body = b'{"event": "' + long.encode() + b'"}'
    request = {
        "signature": a_request(
            "POST",
            "/hooks/glow-spa/calendly",
            "Content-Type: application/json",
            f"Calendly-Webhook-Signature: t=1,v1={long}",
            body=body,
        ),
        "key": a_request("GET", f"/v1/gift-cards?q={long}", f"Authorization: Bearer gck_{long}"),
        "source": a_request("POST", f"/hooks/glow-spa/{long[:200]}", f"X-Long: {long}", body=body),
    }[role]
    with Serving.at(place) as served:
        assert send(served.port, deed).told is Told.ACK
        size, said = database_size(tmp_path), len(served.process.err)

        statuses = {exchange(served.port, request).status for _ in range(REFUSED)}

        assert statuses <= {401, 404, 429}
        assert database_size(tmp_path) == size
        assert len(served.process.err) - said < 1_024 * REFUSED
        assert served.process.err.count("\n") <= REFUSED + 100
        assert send(served.port, deed).is_again


def database_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "data").iterdir())
