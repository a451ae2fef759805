"""`connector deliveries`: seen, sent again, ended, recovered."""

import pytest

from tests.cli.shell import Shell, shell_in
from tests.kit.house import House
from tests.kit.receiver import Recorder


@pytest.fixture
def shell(house: House) -> Shell:
    return shell_in(house)


@pytest.fixture
def failed(house: House, receiver: Recorder) -> str:
    """An endpoint of which one delivery failed."""
    made = house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(401)
    house.issue()
    house.gateway.dispatch()
    return str(made.body["id"])


def test_a_delivery_is_found_shown_and_sent_again(
    house: House, shell: Shell, failed: str, receiver: Recorder
) -> None:
    words = ("--endpoint-id", failed, "--state", "retrying", "--json")
    [one] = shell.done("deliveries", "list", "glow-spa", *words).json["data"]
    shown = shell.done("deliveries", "show", "glow-spa", one["id"], "--json").json
    assert [attempt["status"] for attempt in shown["attempts"]] == [401]
    for told in (
        shell.done("deliveries", "list", "glow-spa").out,
        shell.done("deliveries", "show", "glow-spa", one["id"]).out,
    ):
        assert "refused" in told

    assert shell.done("deliveries", "retry", "glow-spa", one["id"], "--json").json["state"] == "pending"
    house.gateway.dispatch()

    assert len(receiver.requests) == 2
    again = shell("deliveries", "cancel", "glow-spa", one["id"])
    assert (again.code, again.out) == (1, "")


def test_an_open_one_is_ended(shell: Shell, failed: str) -> None:
    [one] = shell.done("deliveries", "list", "glow-spa", "--json").json["data"]

    assert "cancelled" in shell.done("deliveries", "cancel", "glow-spa", one["id"]).out


def test_recover_is_a_job(house: House, shell: Shell, failed: str) -> None:
    words = ("--since", "2026-11-20", "--missed", "--json")
    job = shell.done("deliveries", "recover", "glow-spa", failed, *words).json

    assert (job["kind"], job["missed"], job["endpoint_id"]) == ("recover", True, failed)
    house.gateway.run_jobs()
    assert house.gateway.jobs.one(house.account, job["id"])["state"] == "done"
    assert shell("deliveries", "recover", "glow-spa", failed).code == 2
