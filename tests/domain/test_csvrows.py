"""CSV: each row as it was written or with its fault and place, and no cell that a spreadsheet would run."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.csvrows import MAX_ROW_BYTES, Row, is_formula, plain, rows, written

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


# A loaded machine is no fault of the reader's.
calmly = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(body: bytes) -> list[Row]:
    return list(rows(io.BytesIO(body)))


def cells(body: bytes) -> list[list[str]]:
    return [list(row.cells) for row in read(body)]


def faults(body: bytes) -> list[tuple[int, str]]:
    return [(row.line, row.fault) for row in read(body) if row.fault is not None]


def test_rows_are_read_whatever_their_ends_and_quotes() -> None:
    body = b'\xef\xbb\xbfa,b\r\n1,"x, ""y"""\r\n\n"two\r\nlines",\n,last'

    found = read(body)

    assert [list(row.cells) for row in found] == [
        ["a", "b"],
        ["1", 'x, "y"'],
        ["two\r\nlines", ""],
        ["", "last"],
    ]
    assert [row.line for row in found] == [1, 2, 4, 6]
    assert found[-1].end == len(body)
    assert faults(body) == []


def test_where_a_row_ends_is_told_in_bytes() -> None:
    body = 'ä,"ö\nü"\nx,y\n'.encode()

    for row in read(body):
        assert body[: row.end].endswith(b"\n")
    assert [row.end for row in read(body)] == [11, 15]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b'A,"never closed', "quote"),
        (b'A,x"y', "a quote in the middle"),
        (b'A,"x"y', "a quote in the middle"),
        (b"A,\x00", "a NUL"),
        (b"A,\xff\xfe", "not UTF-8: byte 3"),
        (b"A,b\rc", "a carriage return"),
        (b'A,"b",c\rd', "a carriage return"),
        (b"A," + b"x" * MAX_ROW_BYTES, "longer than"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_spoils_no_other(bad: bytes, said: str) -> None:
    """T116."""
    body = b"code,amount\nGOOD-1,5\n" + bad + b'\nGOOD-2,6\n"GOOD-3",7\n'

    [(line, fault)] = faults(body)

    assert line == 3
    assert said in fault
    good = [list(row.cells) for row in read(body) if row.fault is None]
    assert good == [["code", "amount"], ["GOOD-1", "5"], ["GOOD-2", "6"], ["GOOD-3", "7"]]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_told_in_the_first_line(codec: str) -> None:
    first = read("code,amount\nA,1\n".encode(codec))[0]

    assert first.line == 1
    assert first.fault is not None
    assert "UTF-" in first.fault


def test_a_quote_that_never_closes_costs_its_own_row_even_in_a_large_file() -> None:
    body = b'A,"open\n' + b"B,1\n" * 40_000

    assert faults(body) == [(1, "a quote is opened and never closed")]
    assert len(read(body)) == 40_001


def test_a_line_without_end_is_passed_over_in_pieces() -> None:
    body = b"A,1\n" + b"x" * (5 * MAX_ROW_BYTES) + b"\nB,2\n"
    whole = io.BytesIO(body)

    found = list(rows(iter(lambda: whole.readline(MAX_ROW_BYTES + 1), b"")))

    assert [(row.line, row.fault is None) for row in found] == [(1, True), (2, False), (3, True)]
    assert len(found[1].cells[0]) <= 1_000


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "=HYPERLINK(1)", "'=1", "''+1"])
def test_a_cell_that_looks_like_a_formula_gets_an_apostrophe_and_loses_it_again(cell: str) -> None:
    """T63."""
    line = written([cell, "b"])

    [row] = read(line.encode())
    assert row.cells[0] == "'" + cell
    assert not is_formula(row.cells[0])
    assert plain(row.cells[0]) == cell


@pytest.mark.parametrize("cell", ["'quoted'", "'", "", "it's", "O'Neill", "5-1", "a=b"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert plain(cell) == cell
    assert written([cell]).rstrip("\n") == cell


@calmly
@given(st.lists(TEXT, min_size=2, max_size=5))
def test_whatever_is_written_is_read_again(texts: list[str]) -> None:
    [row] = read(written(texts).encode())

    assert row.fault is None
    assert [plain(cell) for cell in row.cells] == texts


@calmly
@given(st.binary(max_size=200))
def test_whatever_comes_is_read_to_its_end(body: bytes) -> None:
    found = read(body)

    assert all(row.end <= len(body) for row in found)
    assert [row.line for row in found] == sorted({row.line for row in found})
