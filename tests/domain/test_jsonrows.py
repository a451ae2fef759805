"""JSON as rows: from an array or from lines, one by one, the broken ones told with their place."""

import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.jsonrows import MAX_OBJECT_BYTES, Object, objects

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab"\\{}[],:\n é', max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text('a"\\}', max_size=3), below),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.text('k"\\{', max_size=3), VALUES, max_size=3), max_size=5)


# A loaded machine is no fault of the reader's.
calmly = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(body: bytes) -> list[Object]:
    return list(objects(io.BytesIO(body)))


def values(body: bytes) -> list[Any]:
    return [one.value for one in read(body) if one.fault is None]


@calmly
@given(ROWS, st.sampled_from([None, 1]))
def test_an_array_gives_its_objects_however_it_is_written(rows: list[dict[str, Any]], indent: Any) -> None:
    body = json.dumps(rows, indent=indent).encode()

    assert values(body) == rows
    bytewise = (body[place : place + 1] for place in range(len(body)))
    assert [one.value for one in objects(bytewise)] == rows


@calmly
@given(ROWS)
def test_lines_give_theirs(rows: list[dict[str, Any]]) -> None:
    body = b"\xef\xbb\xbf" + "".join(json.dumps(row) + "\r\n\n" for row in rows).encode()

    found = read(body)

    assert [one.value for one in found] == rows
    assert [one.line for one in found] == [2 * place + 1 for place in range(len(rows))]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\\u0000"}', "a NUL"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": "' + b"x" * MAX_OBJECT_BYTES + b'"}', "longer than"),
    ],
)
def test_a_bad_object_spoils_no_other(bad: bytes, said: str) -> None:
    for body in (
        b'{"n": 1}\n' + bad + b'\n{"n": 2}\n',
        b'[{"n": 1},\n' + bad + b',\n{"n": 2}]',
    ):
        found = read(body)
        assert [one.value for one in found if one.fault is None] == [{"n": 1}, {"n": 2}]
        [fault] = [one for one in found if one.fault is not None]
        assert fault.line == 2
        assert said in (fault.fault or "")


def test_a_line_whose_object_is_not_closed_spoils_no_other() -> None:
    assert values(b'{"n": 1}\n{"n": \n[1]\n{"n": 2}\n') == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'[{"n": 1}', "the list is not closed"),
        (b'[{"n": 1}, {"n"', "the object is not closed"),
        (b'[{"n": 1}, 5, {"n": 2}]', "is no object"),
        (b'[{"n": 1}] {"n": 2}', "behind the end"),
    ],
)
def test_an_array_that_breaks_off_is_told_behind_what_was_whole(body: bytes, said: str) -> None:
    whole, fault = read(body)

    assert whole.value == {"n": 1}
    assert said in (fault.fault or "")


@calmly
@given(st.binary(max_size=100) | st.text('[]{},:"\\ \n1a', max_size=60).map(str.encode))
def test_whatever_comes_is_read_to_its_end(body: bytes) -> None:
    assert all(one.end <= len(body) for one in read(body))
    assert read(b"") == []
