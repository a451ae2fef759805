"""The options of a generic source: every fault at once, and none of them raises."""

from dataclasses import replace
from typing import Any

import pytest

from connector.adapters.generic_options import Options, check_source, read
from connector.adapters.kit import faults_of
from connector.adapters.registry import find

from .deliveries import a_source

GOOD: dict[str, Any] = {
    "signature_header": "X-Sig",
    "signature_prefix": "sha256=",
    "signature_encoding": "base64",
    "timestamp_header": "X-Time",
    "type": "meta.kind",
    "event_types": {"done": "booking.completed", "ping": "", "birth": "custom.birthday"},
    "fields": {"email": "people.0.mail", "amount": "total", "currency": "cur"},
    "amount_unit": "minor",
    "delivery_id": "meta.id + meta.at",
}


def test_good_options_have_no_fault_and_are_read_as_they_stand() -> None:
    source = a_source("generic", **GOOD)
    assert check_source(source) == []
    assert read(source) == Options(
        is_signed=True,
        signature_header="x-sig",
        signature_prefix="sha256=",
        signature_encoding="base64",
        timestamp_header="x-time",
        type_path="meta.kind",
        is_minor=True,
        fields=GOOD["fields"],
        event_types=GOOD["event_types"],
    )
    assert read(a_source("generic")) == Options()
    assert read(a_source("generic", type="deal.won")).fixed_type == "deal.won"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        (
            "signature_heder",
            "x",
            "signature_heder: generic has no such option; did you mean 'signature_header'?",
        ),
        ("signature_header", 7, "signature_header: must be a text"),
        ("signature_header", "", "signature_header: '' is no name of a header"),
        ("signature_header", "X Sig", "signature_header: 'X Sig' is no name of a header"),
        ("timestamp_header", "X:T", "timestamp_header: 'X:T' is no name of a header"),
        ("signature_encoding", "HEX", "signature_encoding: 'HEX' is neither hex nor base64"),
        ("signature_prefix", None, "signature_prefix: must be a text"),
        ("type", "", "type: must be one of our event types, or a path in the body"),
        ("type", "a..b", "type: must be one of our event types, or a path in the body"),
        ("amount_unit", "cents", "amount_unit: must be major or minor"),
        ("amount_unit", [], "amount_unit: must be major or minor"),
        ("fields", "email", "fields: must be a table of our names and paths in the body"),
        ("fields", {"mail": "a"}, "fields.mail: no field of ours; did you mean 'email'?"),
        ("fields", {"email": ""}, "fields.email: must be a path in the body, such as customer.email"),
        ("fields", {"email": 7}, "fields.email: must be a path in the body, such as customer.email"),
        ("fields", {"type": "kind"}, "fields.type: write it as the option `type` instead"),
        ("event_types", [], "event_types: must be a table of the platform's names and ours"),
        ("delivery_id", 7, "delivery_id: write a path such as payload.id, or several with + between"),
    ],
)
def test_each_fault_is_named_with_its_option(option: str, value: object, said: str) -> None:
    assert faults_of(find("generic"), a_source("generic", **{**GOOD, option: value})) == [said]


@pytest.mark.parametrize("ours", ["booking.complete", "schedule.due", "custom.", 7])
def test_a_type_that_is_none_of_ours_is_answered_with_a_near_one(ours: object) -> None:
    [fault] = check_source(a_source("generic", event_types={"done": ours}))
    assert fault.startswith("event_types.done: must be an event type of ours")


def test_options_that_need_a_signature_say_so() -> None:
    options: dict[str, Any] = {
        name: GOOD[name] for name in ("signature_prefix", "signature_encoding", "timestamp_header")
    }
    assert check_source(a_source("generic", **options)) == [
        f"{name}: means nothing without signature_header" for name in options
    ]


def test_amounts_without_a_currency_need_the_sources() -> None:
    fields = {"amount": "total"}
    assert check_source(a_source("generic", fields=fields)) == []
    [fault] = check_source(a_source("generic", currency="", fields=fields))
    assert fault.startswith("currency: ")


def test_every_fault_is_told_at_once() -> None:
    faults = check_source(a_source("generic", amount_unit="cents", fields={"mail": "", "email": 7}))
    assert len(faults) == 3


@pytest.mark.parametrize("value", [None, 7, [], {}, "", "x" * 10_000, {"a": 7}, [["a"]]], ids=str)
def test_no_option_raises_whatever_it_is(value: object) -> None:
    for name in GOOD:
        source = replace(a_source("generic"), options={name: value})
        assert isinstance(check_source(source), list)
        assert isinstance(read(source), Options)
