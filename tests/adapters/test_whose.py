"""Whose a delivery is: where one secret signs for several accounts, the source may name its own."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from connector.adapters import registry, whose
from connector.domain.inbound import Source

from .deliveries import a_delivery, a_sample, a_source, opened, with_header

PLACES: Final[dict[str, tuple[str, Any]]] = {
    "hubspot": ("portal_id", 62515),
    "square": ("merchant_id", "GLOWSPA0000001"),
    "stripe": ("account", "acct_1Glow"),
    "shopify": ("shop", "glow-spa.myshopify.com"),
}


def naming(adapter: str, option: str, named: Any) -> Source:
    return replace(a_source(adapter), options={} if named is None else {option: named})


def is_foreign(adapter: str, named: Any, told: Any = None) -> bool:
    """Whether the first sample is another's to a source whose option names `named`; of `told` if given."""
    option, usual = PLACES[adapter]
    source = naming(adapter, option, named)
    found, value = registry.find(adapter), usual if told is None else told
    sample = next(iter(found.samples.values()))
    body = sample.body
    if adapter == "stripe":
        body = json.dumps({**json.loads(body), "account": value}).encode()
    body = body.replace(b"62515", json.dumps(value).encode()).replace(b"GLOWSPA0000001", str(value).encode())
    request = a_sample(source, sample, body=body)
    if adapter == "shopify":
        request = with_header(request, "x-shopify-shop-domain", str(value))
    asked = found.is_foreign
    assert asked is not None
    return asked(opened(source, request))


@pytest.mark.parametrize("adapter", PLACES)
def test_a_source_that_names_its_account_passes_over_all_others(adapter: str) -> None:
    option, own = PLACES[adapter]
    assert not is_foreign(adapter, None)
    assert not is_foreign(adapter, own)
    assert not is_foreign(adapter, [own, "another"])
    assert not is_foreign(adapter, str(own).upper())
    assert is_foreign(adapter, own, told=99)
    assert is_foreign(adapter, f"{own}0")
    assert registry.find(adapter).check_source(naming(adapter, option, own)) == []


@pytest.mark.parametrize("adapter", PLACES)
@pytest.mark.parametrize("named", ["", " ", [], [""], True, {"a": 1}, [True], ["x"] * 101])
def test_an_option_that_names_nothing_is_a_fault_and_takes_nothing(adapter: str, named: Any) -> None:
    option, own = PLACES[adapter]
    [fault] = registry.find(adapter).check_source(naming(adapter, option, named))
    assert fault.startswith(f"{option}: ")
    assert is_foreign(adapter, named)
    assert not whose.is_ours(naming(adapter, option, own), option, None)


def test_of_a_batch_only_the_items_of_its_own_portal_are_read() -> None:
    found, source = registry.find("hubspot"), a_source("hubspot", portal_id=62515)
    [item] = json.loads(found.samples["contact.created"].body)
    batch = [item, {**item, "portalId": 7, "objectId": 52}]
    verified = opened(source, a_delivery(source, json.dumps(batch).encode()))
    assert found.is_foreign is not None
    assert not found.is_foreign(verified)
    [event] = found.read(verified)
    assert event.data == item


TESTS: Final = [
    ("stripe", {"livemode": False}, {}),
    ("shopify", {"test": True}, {}),
    ("shopify", {"transactions": [{"test": True}]}, {}),
    ("square", {}, {"square-environment": "Sandbox"}),
    ("highlevel", {"liveMode": False}, {}),
    ("commercelayer", {"data": {"meta": {"mode": "test"}}}, {}),
    ("mindbody", {"eventData": {"siteId": -99}}, {}),
    ("n8n", {"headers": {}, "params": {}, "query": {}, "body": {}, "executionMode": "test"}, {}),
]


@pytest.mark.parametrize(("adapter", "body", "headers"), TESTS)
def test_what_a_platform_marks_as_a_test_is_one(
    adapter: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    found, source = registry.find(adapter), a_source(adapter)
    verified = opened(source, a_delivery(source, body, headers=headers))
    assert found.is_test is not None
    assert found.is_test(verified)
    for name in found.samples.values():
        assert not found.is_test(replace(verified, request=a_sample(source, name)))


@pytest.mark.parametrize(
    "adapter", ["stripe", "shopify", "square", "highlevel", "commercelayer", "mindbody", "n8n"]
)
def test_whether_tests_count_is_said_in_one_of_two_words(adapter: str) -> None:
    found = registry.find(adapter)
    for word, is_good in (("take", True), ("ignore", True), ("no", False), (True, False)):
        source = replace(a_source(adapter), options={**a_source(adapter).options, "tests": word})
        told = [fault for fault in found.check_source(source) if fault.startswith("tests:")]
        assert told == ([] if is_good else ["tests: write take or ignore"]), word
