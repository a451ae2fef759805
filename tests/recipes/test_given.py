"""What a test gives has the kinds that an event and a contact have."""

import pytest

from connector.domain.money import Money
from connector.recipes.given import typed
from connector.recipes.names import CONTACT, EVENT
from connector.recipes.yamltree import Node, read

from .making import NOW


def given(text: str, *, event: bool = False) -> tuple[dict[str, object], list[str]]:
    faults: list[str] = []

    def note(node: Node, message: str) -> None:
        faults.append(f"{node.line}:{node.column}: {message}")

    found = typed(read(text.encode(), "a.yaml"), EVENT if event else CONTACT, note, as_json=event)
    return found, faults


def test_a_contact_has_sums_times_and_tags() -> None:
    found, faults = given(
        "spent: 100.00 USD\nlast_visit_at: 2026-11-20T15:00:00Z\ntags: [VIP, 2026]\nvisits: 5\nemail: null\n"
        "first_name: 007\nattributes: {shoe: 42}\n"
    )

    assert faults == []
    assert found == {
        "spent": Money(10_000, "USD"),
        "last_visit_at": NOW,
        "tags": ["VIP", "2026"],
        "visits": 5,
        "email": None,
        "first_name": "007",
        "attributes": {"shoe": 42},
    }


def test_an_event_has_them_as_its_json_has() -> None:
    found, faults = given(
        "booking: {price: 80 USD, starts_at: 2026-11-20, id: 7}\nderived: true\n", event=True
    )

    assert faults == []
    assert found == {
        "booking": {
            "price": {"amount": "80.00", "currency": "USD"},
            "starts_at": "2026-11-20T00:00:00Z",
            "id": "7",
        },
        "derived": True,
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("visit: 5", "1:1: `visit` is not a field here: did you mean `visits`?"),
        ("visits: five", "1:9: a number is expected here"),
        ("visits: true", "1:9: a number is expected here"),
        ("spent: 100", "1:8: a sum is expected here"),
        ("spent: {amount: x, currency: USD}", "1:8: a sum is expected here"),
        ("tags: VIP", "1:7: a list is expected here"),
        ("last_visit_at: yesterday", "1:16: a time is expected here"),
        ("email: [a]", "1:8: a text is expected here"),
    ],
)
def test_another_kind_is_a_fault_with_its_place(text: str, fault: str) -> None:
    assert any(each.startswith(fault) for each in given(text)[1])


def test_a_part_of_an_event_is_a_block() -> None:
    assert given("booking: 5", event=True)[1] == ["1:10: a block of fields is expected here"]
