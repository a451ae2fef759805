"""The examples are of calls that are there, and every call that needs a body has one."""

import re

from connector.web import examples
from connector.web.calls import PREFIXES
from connector.web.factory import every_call


def test_no_example_is_of_a_call_that_is_not_there() -> None:
    assert set(examples.BODIES) <= {call.name for call in every_call()}


def test_a_call_that_takes_a_body_has_an_example_of_one_and_no_other_has() -> None:
    for call in every_call():
        body = examples.body_of(call)
        assert (body is None) == (call.body is None), call.name
        if call.body is not None and body is not None:
            assert call.body.required <= body.keys(), call.name


def test_an_id_of_an_example_is_one() -> None:
    for place, prefix in PREFIXES.items():
        assert re.fullmatch(rf"{prefix}_[0-9A-Z]{{26}}", examples.id_of(place))
    assert examples.id_with("msg").startswith("msg_")


def test_an_example_holds_no_real_address() -> None:
    text = repr(examples.BODIES) + repr(examples.ANSWERS)
    for host in re.findall(r"[@/]([a-z0-9.-]+\\.[a-z]+)", text):
        assert host.endswith("example.com"), host
