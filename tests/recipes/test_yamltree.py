"""YAML is read strictly, and every key and value has its place."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import FaultyFiles
from connector.recipes.yamltree import MAX_BYTES, Scalar, find, plain, read


def the_faults(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(FaultyFiles) as caught:
        read(data, "recipes/a.yaml")
    return [str(fault).removeprefix("recipes/a.yaml:") for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("True", "True"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("01234", "01234"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("2026-11-20", "2026-11-20"),
        ("+5", "+5"),
        ("25.10", Decimal("25.10")),
        ("-3", -3),
        ("0", 0),
        ("true", True),
        ("false", False),
        ("null", None),
        ('"true"', "true"),
        ("'5'", "5"),
        ("25.00 USD", "25.00 USD"),
    ],
)
def test_only_true_false_null_and_plain_numbers_are_special(written: str, meant: Any) -> None:
    value = plain(read(f"a: {written}\n".encode(), "a.yaml"))["a"]

    assert value == meant
    assert type(value) is type(meant)


def test_a_decimal_keeps_its_zeros() -> None:
    assert str(plain(read(b"a: 25.10", "a.yaml"))["a"]) == "25.10"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\na: 2\n", "2:1: `a` stands twice; the first is on line 1"),
        ("a:\n  b: 1\n  b: 2\n", "3:3: `b` stands twice"),
        ("a: 1\n\tb: 2\n", "2:1: a tab"),
        ("a: 1 # \tnote\n", "1:8: a tab"),
        ("a: &x 1\n", "1:4: anchors"),
        ("a: *x\n", "1:4: aliases"),
        ("a: !!str 1\n", "1:4: tags"),
        ("a: !!python/object/apply:os.system [x]\n", "1:4: tags"),
        ("a: !!set {x}\n", "1:4: tags"),
        ("a: !!binary aGk=\n", "1:4: tags"),
        ("a: !mine 1\n", "1:4: tags"),
        ("<<: {a: 1}\n", "1:1: merge keys"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document"),
        ("%YAML 1.1\n---\na: 1\n", "directives"),
        ("a:\nb: 1\n", "1:3: `a` is empty"),
        ("a:\n  - 1\n  -\n", "3:4: "),
        ("a: ~\n", "1:4: `~` is read differently"),
        ("a: .nan\n", "1:4: `.nan` is read differently"),
        ("? [a]\n: 1\n", "1:3: a key must be a word"),
        ("", "1:1: a recipe is a block"),
        ("# nothing\n", "1:1: a recipe is a block"),
        ("- a\n", "1:1: a recipe is a block"),
        ("hello\n", "1:1: a recipe is a block"),
        ('a: "open\n', "a quote or a bracket is left open"),
        ("a: b: c\n", "1:5: a colon in a wrong place"),
        ('- "VIP" in contact.tags\n', "1:9: wrong indentation, or a text that begins with a quote"),
        ("a:\n  - b\n   - c\n", "3:4: this `-` stands further in than the one before"),
        ("a: 1\nb:2\nc: 3\n", "a `key:` with a blank behind it is expected here"),
        ("a: @b\n", "1:4: a text that begins with this sign needs quotes"),
        ("a: \x01\n", "1:4: a sign that cannot be printed"),
        ("a: " + "9" * 31, "1:4: a number of more than 30 digits"),
        ("a: " + "9" * 9_000, "1:4: a number of more than 30 digits"),
    ],
)
def test_what_two_readers_could_understand_differently_is_a_fault_with_its_place(
    text: str, fault: str
) -> None:
    assert any(fault in each for each in the_faults(text))


def test_all_faults_are_told_at_once() -> None:
    assert len(the_faults("a: &x 1\nb: !!str 2\nb: *x\n")) == 4


def test_a_file_that_is_not_utf_8_is_named_with_the_line() -> None:
    assert the_faults(b"a: 1\nb: caf\xe9\n") == ["2:7: this is not UTF-8: save the file as UTF-8"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault() -> None:
    assert plain(read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "a.yaml")) == {"a": 1, "b": 2}


def test_a_file_over_the_cap_is_refused_before_it_is_read() -> None:
    assert the_faults(b"a: " + b"x" * MAX_BYTES) == ["1:1: the file has more than 256 KiB"]


@pytest.mark.parametrize("bomb", ["a: " + "[" * 5_000, "{a: " * 5_000, "- " * 5_000])
def test_endless_depth_is_refused(bomb: str) -> None:
    assert "nested deeper than 32 levels" in the_faults(bomb)[-1]


def test_a_bomb_of_merge_keys_is_refused_unopened() -> None:
    bomb = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 30))

    assert "anchors" in the_faults(bomb)[0]


def test_every_key_and_value_knows_its_line_and_column() -> None:
    root = read(b"a: 1\nlist:\n  - b: two\n    c: 'three'\n", "a.yaml")

    three = find(root, ("list", 0, "c"))
    assert isinstance(three, Scalar)
    assert (three.line, three.column) == (4, 8)
    assert three.at(2) == (4, 11)
    key = root.key("list")
    assert key is not None
    assert (key.line, key.column) == (2, 1)


def test_a_place_inside_a_folded_text_is_the_beginning_of_the_text() -> None:
    text = find(read(b"a: >\n  one\n  two\n", "a.yaml"), ("a",))

    assert isinstance(text, Scalar)
    assert text.at(5) == (1, 4)


def test_what_is_not_there_is_found_at_the_nearest_place_above() -> None:
    root = read(b"a:\n  b: 1\n", "a.yaml")

    assert find(root, ("a", "nothing", 3)) == root.get("a")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("a:-[]{}&*!|>'\"#%@`,? \n\t~<=1.é\x00"), max_size=80))
def test_any_text_is_a_tree_or_faults_of_ours(text: str) -> None:
    try:
        read(text.encode(), "a.yaml")
    except FaultyFiles as fault:
        assert all(each.line >= 1 and each.column >= 1 for each in fault.faults)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_tree_or_faults_of_ours(data: bytes) -> None:
    try:
        read(data, "a.yaml")
    except FaultyFiles as fault:
        assert fault.faults
