"""What one process queues wakes the worker of another at once, on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.clock import SystemClock
from tests.kit.crowd import until
from tests.kit.databases import PostgresMaker
from tests.kit.house import open_house
from tests.kit.receiver import Recorder

NEVER_S = 600.0
"""An interval between looks that no test lives to see."""


@pytest.fixture
def postgres_url(postgres_maker: PostgresMaker, tmp_path: Path) -> Iterator[str]:
    with postgres_maker.fresh(tmp_path) as url:
        yield url


@pytest.mark.parametrize("attend", [True, False], ids=["doors", "command line"])
def test_a_message_of_one_process_wakes_the_worker_of_another(
    postgres_url: str, tmp_path: Path, receiver: Recorder, attend: bool
) -> None:
    worker = open_house(tmp_path, postgres_url, clock=SystemClock())
    other = open_house(tmp_path, postgres_url, clock=SystemClock())
    other.gateway.create_endpoint(other.account, url=receiver.url)
    worker.gateway.start(look_every_s=NEVER_S)
    if attend:
        other.gateway.attend(look_every_s=NEVER_S)

    for count in (1, 2):
        other.issue(1000)
        receiver.wait_for(count)

    until(lambda: [row["state"] for row in other.rows("webhook_deliveries")] == ["delivered"] * 2)
    worker.gateway.stop()
    other.gateway.stop()


def test_a_worker_hears_again_after_its_line_broke(
    postgres_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    worker = open_house(tmp_path, postgres_url, clock=SystemClock())
    other = open_house(tmp_path, postgres_url, clock=SystemClock())
    other.gateway.create_endpoint(other.account, url=receiver.url)
    worker.gateway.start(look_every_s=NEVER_S)
    other.issue(1000)
    receiver.wait_for(1)

    with other.gateway.parts.engines.write.connect() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(query, 'LISTEN')"
        connection.exec_driver_sql(cut + " AND datname = current_database()")
    other.issue(1000)  # perhaps while nobody hears: it looks when it hears again

    receiver.wait_for(2)
    worker.gateway.stop()
    other.gateway.stop()
