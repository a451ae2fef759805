"""`kill -9` in the middle of long work: no line is lost, and none is done twice."""

import json

from connector.flows.gateway import Gateway
from tests.kit.crowd import until
from tests.kit.house import ACCOUNT
from tests.kit.process import Place, Running, Serving, call

ROWS = 800
LINES = 200


def progress(gateway: Gateway) -> int:
    """How many lines of the one job have ended; -1 before it is there."""
    jobs = gateway.jobs.every(gateway.account(ACCOUNT)).data
    return jobs[0]["done"] + jobs[0]["failed"] if jobs else -1


def balances(place: Place) -> list[str]:
    gateway = place.gateway()
    try:
        assert gateway.verify().is_ok
        export = gateway.files.export(gateway.account(ACCOUNT), after=None, shown_to=None)
        return sorted(row["balance"] for page in export.pages for row in page)
    finally:
        gateway.close()


def test_an_import_that_was_killed_goes_on_where_it_was(place: Place) -> None:
    file = place.folder / "cards.csv"
    file.write_text("code,amount\n" + "".join(f"KILLED-{n:06},{n + 1}.00\n" for n in range(ROWS)) + "bad\n")
    words = ("--config", place.config, "cards", "import", ACCOUNT, file, "--json")
    gateway = place.gateway()
    with Running(*words, folder=place.folder) as running:
        until(lambda: progress(gateway) >= 1 or not running.is_alive)
        running.kill()
    gateway.close()

    ended = call(*words, folder=place.folder)

    assert (ended.json["done"], ended.json["failed"]) == (ROWS, 1), ended.err
    assert balances(place) == sorted(f"{n + 1}.00" for n in range(ROWS))
    assert file.with_name("cards.rejected.csv").read_text().count("\n") == 2


def test_a_bulk_job_that_was_killed_goes_on_where_it_was(place: Place) -> None:
    body = json.dumps({"gift_cards": [{"amount": 100 + n} for n in range(LINES)]}).encode()
    gateway = place.gateway()
    with Serving.at(place) as served:
        assert served.ask("POST", "/v1/gift-cards/bulk", body).status == 202
        until(lambda: progress(gateway) >= 1)
        served.again()
        until(lambda: progress(gateway) == LINES)
    gateway.close()

    assert balances(place) == sorted(f"{(100 + n) / 100:.2f}" for n in range(LINES))
