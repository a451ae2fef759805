"""The document is lawful OpenAPI 3.1, says what every call takes and gives, and nothing that is not so."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from connector import __version__
from connector.operations.kit import SCOPES
from connector.web import examples, fields
from connector.web.calls import MESSAGE_TYPE, PREFIXES, SLUGS, Call
from connector.web.factory import every_call
from connector.web.json_schema import body_schema
from connector.web.openapi import document, operation_id, tag_of
from tests.kit.house import PUBLIC_URL
from tests.web.door import Door
from tests.web.test_access import ROUTES

CALLS = every_call()


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return document(CALLS, PUBLIC_URL)


def operation_of(told: dict[str, Any], call: Call) -> dict[str, Any]:
    return dict(told["paths"][call.path][call.method.lower()])


def test_it_is_served_to_everybody_and_says_where_it_stands(quick_door: Door) -> None:
    answer = quick_door.get("/openapi.json")

    assert (answer.status_code, answer.content_type) == (200, "application/json")
    told = answer.get_json()
    assert told["paths"].keys() == document(CALLS, PUBLIC_URL)["paths"].keys()
    assert told["openapi"].startswith("3.1")
    assert told["info"]["version"] == __version__
    assert told["servers"] == [{"url": PUBLIC_URL}]


def test_it_is_what_openapi_3_1_allows(told: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft202012Validator(OPENAPI_31, validate_formats=True)
    assert [one.message for one in validator.iter_errors(told)] == []


def test_what_openapi_3_1_forbids_would_be_seen(told: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft202012Validator(OPENAPI_31)
    assert not validator.is_valid({**told, "openapi": "3.0.3"})
    assert not validator.is_valid({**told, "paths": {"/a": {"get": {"responses": {"200": {}}}}}})


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    for found in re.findall(r'"\$ref": "([^"]+)"', json.dumps(told)):
        place: Any = told
        for step in found.removeprefix("#/").split("/"):
            place = place[step]
        assert place, found


def test_every_call_is_in_it_and_nothing_else_but_the_token(told: dict[str, Any]) -> None:
    there = {(path, method) for path, one in told["paths"].items() for method in one}
    assert there == {*((call.path, call.method.lower()) for call in CALLS), ("/oauth/token", "post")}


def test_every_route_of_the_matrix_is_in_it_with_its_scope(told: dict[str, Any]) -> None:
    for method, path, scope, _ in ROUTES:
        fitting = [one for one in CALLS if one.method == method and _fits(one.path, path)]
        call = min(fitting, key=lambda one: one.path.count("{"))  # a place may look like another's word
        assert scope in operation_of(told, call)["x-scope"], (method, path)


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


def test_names_of_operations_are_unique_and_words(told: dict[str, Any]) -> None:
    names = [operation_id(call) for call in CALLS]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", one) for one in names)


@pytest.mark.parametrize(
    ("method", "path", "name", "tag"),
    [
        ("GET", "/v1/gift-cards", "get_gift_cards", "Gift cards"),
        ("GET", "/v1/gift-cards/{card}", "get_gift_card", "Gift cards"),
        ("POST", "/v1/gift-cards/{card}/redeem", "post_gift_cards_redeem", "Gift cards"),
        ("POST", "/v1/actions/issue-gift-card", "post_actions_issue_gift_card", "Actions"),
        ("GET", "/v1/funding/{fund}", "get_fund", "Funding"),
    ],
)
def test_a_name_follows_from_method_and_path(method: str, path: str, name: str, tag: str) -> None:
    call = Call(method, path, "admin", "Do it", lambda _asked: None, None)  # type: ignore[arg-type, return-value]
    assert (operation_id(call), tag_of(path)) == (name, tag)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_says_who_may_what_it_takes_and_what_it_may_answer(told: dict[str, Any], call: Call) -> None:
    found = operation_of(told, call)
    assert {"key": [call.scope]} in found["security"]
    assert {"oauth": [call.scope]} in found["security"]
    assert found["x-scope"] == [call.scope, *call.also]
    assert found["summary"] == call.title
    answers = {*found["responses"]}
    assert {str(call.status), "400", "401", "403", "429", "503"} <= answers
    if call.method != "GET":
        assert {"409", "422", "504"} <= answers
    if "{" in call.path:
        assert "404" in answers
    names = {one["name"] for one in found["parameters"]}
    assert set(call.query) <= names
    assert set(re.findall(r"\{(\w+)\}", call.path)) <= names
    assert ("Idempotency-Key" in names) == (call.method in ("POST", "PATCH"))
    assert ("requestBody" in found) == (call.body is not None)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_body_has_an_example_that_the_call_can_read(told: dict[str, Any], call: Call) -> None:
    if call.body is None:
        assert examples.body_of(call) is None
        return
    [content] = operation_of(told, call)["requestBody"]["content"].values()
    assert content["schema"]["properties"].keys() == body_schema(call.body)["properties"].keys()
    assert content["schema"]["additionalProperties"] is False
    fields.read(call.body, content["example"])
    whole = {**content["schema"], "components": told["components"]}
    assert jsonschema_rs.Draft202012Validator(whole, validate_formats=True).is_valid(content["example"])


def test_a_line_of_a_bulk_call_is_a_body_of_the_call_for_one(told: dict[str, Any]) -> None:
    paths = told["paths"]
    single = paths["/v1/gift-cards"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    bulk = paths["/v1/gift-cards/bulk"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert bulk["properties"]["gift_cards"]["items"] == single


def test_every_place_of_a_path_is_described(told: dict[str, Any]) -> None:
    for call in CALLS:
        for one in operation_of(told, call)["parameters"]:
            if one["in"] == "path":
                assert one["name"] in {*PREFIXES, *SLUGS, MESSAGE_TYPE}
                assert re.compile(one["schema"]["pattern"])
                for example in one["schema"].get("examples", []):
                    assert re.fullmatch(one["schema"]["pattern"], example)


def test_the_scopes_are_those_that_keys_have(told: dict[str, Any]) -> None:
    flow = told["components"]["securitySchemes"]["oauth"]["flows"]["clientCredentials"]
    assert set(flow["scopes"]) == {*SCOPES, "platform"}
    assert flow["tokenUrl"] == f"{PUBLIC_URL}/oauth/token"


def test_from_a_new_card_links_lead_to_every_call_about_a_card(told: dict[str, Any]) -> None:
    links = told["paths"]["/v1/gift-cards"]["post"]["responses"]["201"]["links"]
    of_a_card = {operation_id(call) for call in CALLS if re.findall(r"\{(\w+)\}", call.path) == ["card"]}
    assert set(links) == of_a_card
    assert links["post_gift_cards_redeem"]["parameters"] == {"card": "$response.body#/id"}
