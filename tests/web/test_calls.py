"""A call is a value: its route, its scope and its fields follow from it."""

import re

import pytest

from connector.flows.access import PLATFORM
from connector.operations.kit import SCOPES
from connector.web.calls import MESSAGE_TYPE, PREFIXES, SLUGS, rule_of
from connector.web.factory import every_call


def test_a_path_becomes_a_rule_that_takes_ids_of_the_right_kind_only() -> None:
    assert rule_of("/v1/gift-cards/{card}/redeem") == "/v1/gift-cards/<public_id('gc'):card>/redeem"
    assert rule_of("/v1/programs/{program}") == "/v1/programs/<slug:program>"
    assert rule_of("/v1/gift-cards") == "/v1/gift-cards"


def test_a_place_in_a_path_that_nobody_knows_stops_the_start() -> None:
    with pytest.raises(KeyError):
        rule_of("/v1/{anything}")


def test_every_call_is_there_once_and_explains_itself() -> None:
    calls = every_call()

    assert len({one.name for one in calls}) == len(calls)
    for call in calls:
        assert call.scope in (*SCOPES, PLATFORM), call.name
        assert call.title and not call.title.endswith("."), call.name
        assert call.path.startswith("/v1/"), call.name
        assert set(re.findall(r"{(\w+)}", call.path)) <= {*PREFIXES, *SLUGS, MESSAGE_TYPE}, call.name
        assert (call.answer is None) == (call.status == 204), call.name
        assert not (call.method == "GET" and call.body), call.name
        assert not (call.query and call.method not in ("GET", "DELETE")), call.name
