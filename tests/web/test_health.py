"""Alive, ready, counted; and nothing of anybody's to whoever asks."""

import sqlite3
from datetime import timedelta
from pathlib import Path

from connector import __version__
from connector.web.health import REMEMBERED_S
from tests.kit.house import House, open_house
from tests.web.door import Door, door_of, refusal

REMEMBERED = timedelta(seconds=REMEMBERED_S)


def test_alive_needs_nothing(quick_door: Door) -> None:
    answer = quick_door.get("/healthz")

    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_ready_names_what_it_looked_at(door: Door) -> None:
    answer = door.get("/readyz")

    assert (answer.status_code, answer.get_json()) == (
        200,
        {
            "status": "ready",
            "checks": {"database": True, "migrations": True, "recipes": True},
            "recipe_faults": [],
            "letter_faults": [],
        },
    )


def test_a_bad_recipe_is_named_and_the_gateway_is_ready_all_the_same(sqlite_url: str, tmp_path: Path) -> None:
    house = open_house(tmp_path, sqlite_url, recipes={"broken": "recipe: broken\non: nothing.of.ours\n"})

    answer = door_of(house).get("/readyz")

    assert answer.status_code == 200
    assert "broken.yaml" in answer.text
    house.gateway.close()


def test_a_database_that_is_behind_is_not_ready_and_is_looked_at_once_a_second(sqlite_house: House) -> None:
    door = door_of(sqlite_house)
    assert door.get("/readyz").status_code == 200
    connection = sqlite3.connect(sqlite_house.url.removeprefix("sqlite:///"))
    connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.commit()
    connection.close()

    assert door.get("/readyz").status_code == 200
    sqlite_house.clock.forward(REMEMBERED)
    answer = door.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["status"] == "not_ready"
    assert answer.get_json()["checks"]["migrations"] is False


def test_metrics_count_by_route_and_never_by_path(quick_door: Door) -> None:
    secret = quick_door.house.secrets["zapier"]
    quick_door.house.issue()
    quick_door.post(f"/hooks/glow-spa/zapier/{secret}", raw=b"{}")
    quick_door.get("/nowhere")

    text = quick_door.get("/metrics", peer="127.0.0.1").text

    assert 'connector_http_requests_total{route="/hooks/{account}/{source}/{token}",status="422"} 1.0' in text
    assert 'connector_http_requests_total{route="none",status="404"} 1.0' in text
    assert f'connector_info{{version="{__version__}"}} 1.0' in text
    assert "connector_commits " in text
    assert secret not in text


def test_metrics_are_for_this_machine_or_an_admin_key(quick_door: Door) -> None:
    house = quick_door.house

    assert quick_door.get("/metrics", peer="127.0.0.1").status_code == 200
    assert quick_door.get("/metrics", peer="::1").status_code == 200
    assert quick_door.get("/metrics", key=house.key("admin")).status_code == 200
    assert refusal(quick_door.get("/metrics")) == (401, "unauthorized")
    assert refusal(quick_door.get("/metrics", key=house.key("reports"))) == (403, "missing_scope")
    behind = quick_door.get("/metrics", peer="127.0.0.1", headers={"X-Forwarded-For": "127.0.0.1"})
    assert refusal(behind) == (401, "unauthorized")
    proxied = door_of(house, trusted_proxies=["127.0.0.1"])
    assert refusal(proxied.get("/metrics", peer="127.0.0.1")) == (401, "unauthorized"), "adds no header"
    assert proxied.get("/metrics", peer="::1").status_code == 200


def test_the_first_page_says_that_it_runs_and_needs_no_script(quick_door: Door) -> None:
    answer = quick_door.get("/")

    assert answer.content_type == "text/html; charset=utf-8"
    assert __version__ in answer.text
    assert "/healthz" in answer.text and "/readyz" in answer.text
    assert "<script" not in answer.text and "style" not in answer.text
