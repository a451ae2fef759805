"""Reports over HTTP: JSON or a CSV file, each with its moments, and nothing that was not asked right."""

import csv
import io

import pytest

from tests.kit.house import PUBLIC_URL
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/reports"
EVERY = ("liability", "redemptions", "recipes", "contacts-with-balance", "funding")


@pytest.fixture
def key(quick_door: Door) -> str:
    house = quick_door.house
    card = house.issue(2500, contact={"email": "mia@example.com", "first_name": "=Mia()"})
    house.redeem(card["id"], 700)
    return house.key("reports")


@pytest.mark.parametrize("name", EVERY)
def test_a_report_is_json_or_a_file(quick_door: Door, key: str, name: str) -> None:
    told = quick_door.get(f"{PATH}/{name}", key=key)
    asked = quick_door.get(f"{PATH}/{name}", key=key, query="format=csv")
    preferred = quick_door.get(f"{PATH}/{name}", key=key, headers={"Accept": "text/csv"})

    assert told.status_code == 200 and told.content_type == "application/json"
    assert told.get_json()["report"] == name
    assert asked.content_type == preferred.content_type == "text/csv; charset=utf-8"
    assert asked.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    assert asked.text == preferred.text
    rows = list(csv.DictReader(io.StringIO(asked.text, newline="")))
    assert len(rows) == len(told.get_json()["data"])
    both = {"Accept": "text/csv"}
    assert quick_door.get(f"{PATH}/{name}", key=key, query="format=json", headers=both).is_json
    assert quick_door.get(f"{PATH}/{name}", key=key, headers={"Accept": "*/*"}).is_json


def test_a_name_that_is_a_formula_is_neutral_in_the_file_and_as_it_is_in_json(
    quick_door: Door, key: str
) -> None:
    path = f"{PATH}/contacts-with-balance"

    assert quick_door.get(path, key=key).get_json()["data"][0]["first_name"] == "=Mia()"
    assert ",'=Mia()," in quick_door.get(path, key=key, query="format=csv").text


def test_a_moment_and_the_parts_are_asked_for(quick_door: Door, key: str) -> None:
    answer = quick_door.get(
        f"{PATH}/liability", key=key, query="as_of=2026-11-20T15:00:00Z&by=age,source,age"
    ).get_json()

    assert (answer["as_of"], answer["by"]) == ("2026-11-20T15:00:00Z", ["age", "source"])
    [row] = answer["data"]
    assert (row["outstanding"], row["source"], row["removed"]) == (1800, "api", False)


def test_who_has_credit_comes_in_pages_in_either_form(quick_door: Door, key: str) -> None:
    quick_door.house.issue(100, contact={"email": "kai@example.com"})

    for form in ("json", "csv"):
        first = quick_door.get(f"{PATH}/contacts-with-balance", key=key, query=f"limit=1&format={form}")
        link = first.headers["Link"]
        assert f"format={form}" in link
        rest = quick_door.get(link.removeprefix(f"<{PUBLIC_URL}").partition(">")[0], key=key)
        assert "kai@example.com" in rest.text and "kai@example.com" not in first.text
        assert "Link" not in rest.headers


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("liability", "as_of=2999-01-01T00:00:00Z", "as_of"),
        ("liability", "as_of=yesterday", "as_of"),
        ("liability", "since=2020-01-01T00:00:00Z", "since"),
        ("liability", "by=colour", "by"),
        ("liability", "by=", "by"),
        ("liability", "format=xml", "format"),
        ("redemptions", "since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
        ("redemptions", "as_of=2999-01-01T00:00:00Z", "as_of"),
        ("recipes", "by=age", "by"),
        ("funding", "limit=1", "limit"),
        ("contacts-with-balance", "limit=0", "limit"),
        ("contacts-with-balance", "cursor=AAAA", "cursor"),
    ],
)
def test_an_odd_question_is_400_by_name(
    quick_door: Door, key: str, name: str, query: str, field: str
) -> None:
    answer = quick_door.get(f"{PATH}/{name}", key=key, query=query)

    assert refusal(answer) == (400, "bad_request")
    assert list(wrong_fields(answer)) == [field]


def test_a_report_that_there_is_not_is_404(quick_door: Door, key: str) -> None:
    assert refusal(quick_door.get(f"{PATH}/profits", key=key)) == (404, "not_found")
