"""Where a recipe reads what platforms fill as they like."""

from typing import Any

import pytest

from connector.recipes.open_paths import MAX_NAMES, lacking, parts_of

from .making import VIP, a_recipe

TEXT = """\
recipe: vip
title: A card
status: draft
on: order.paid
vars: {data: 5}
let:
  tier: contact.attributes.tier
if:
  - event.data.total_price is not missing and let.tier == "gold"
  - count(event.data) > 0
once_per: event.data.order["token id"]
do:
  - for_each:
      in: event.data.lines
      do:
        - send_webhook: {type: custom.x, data: {a: "${{ item.sku }}", b: "no. ${{ event.data.lines[0].no }}"}}
tests:
  - name: a
    event: order.paid
    given: {event: {data: {never_read: 5}}}
    expect:
      - send_webhook: {data: {a: "${{ event.data.only_in_a_test }}"}}
"""


def test_each_place_is_known_with_its_line_and_column_tests_aside() -> None:
    found = a_recipe(TEXT).opened

    assert [(one.text, one.line, one.column) for one in found] == [
        ("contact.attributes.tier", 7, 9),
        ("event.data.total_price", 9, 5),
        ('event.data.order["token id"]', 11, 11),
        ("event.data.lines", 14, 11),
        ("event.data.lines[0].no", 16, 83),
    ]
    assert found[2].parts == ("event", "data", "order", "token id")


def test_closed_names_are_no_open_paths() -> None:
    assert a_recipe(VIP).opened == ()


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("event.data.a", ("event", "data", "a")),
        ("event.data[0].b", ("event", "data", "0", "b")),
        ("event.data['a.b'][\"c d\"]", ("event", "data", "a.b", "c d")),
    ],
)
def test_a_path_has_its_names(path: str, parts: tuple[str, ...]) -> None:
    assert parts_of(path) == parts


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ({"a": {"b": 5}}, "a.b", None),
        ({"a": {"b": None}}, "a.b", None),
        ({"a": [{"b": 5}]}, "a[0].b", None),
        ({"a": {"b": 5}}, "a.c", (1, ["b"])),
        ({"a": {"b": 5}}, "x.y", (0, ["a"])),
        ({"a": [1]}, "a[1]", (1, [])),
        ({"a": [1]}, "a.length", (1, [])),
        ({"a": "text"}, "a.b", (1, [])),
        ({"a": None}, "a.b", (1, [])),
        ({"a": [1]}, "a[99999999999999999999]", (1, [])),
        (None, "a", (0, [])),
    ],
)
def test_how_far_a_path_leads(value: Any, path: str, expected: tuple[int, list[str]] | None) -> None:
    assert lacking(value, parts_of(path)) == expected


def test_keys_without_number_are_not_all_kept_for_a_suggestion() -> None:
    found = lacking({str(number): 1 for number in range(MAX_NAMES * 3)}, ("x",))

    assert found is not None and len(found[1]) == MAX_NAMES
