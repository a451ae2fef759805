"""Files of cards: CSV and JSON become the same records, each with its place."""

import io

import pytest

from connector.domain.errors import ValidationFailed
from connector.flows.card_files import Record, open_file


def records(body: bytes, form: str = "csv") -> list[Record]:
    return list(open_file(io.BytesIO(body), form).records)


def test_a_csv_file_is_read_by_its_header() -> None:
    body = b"Code,First Name,Email, Amount \r\nAB-12-CD,Mia,mia@example.com,25.00\r\n"

    [record] = records(body)

    assert record.line == 2
    assert record.error is None
    assert record.values == {
        "code": "AB-12-CD",
        "first_name": "Mia",
        "email": "mia@example.com",
        "amount": "25.00",
    }


def test_json_and_lines_give_the_same_records() -> None:
    array, lines = (
        records(b'[{"amount": "25.00", "id": "gc_1"},\n{"amount": "5", "note": null}]', "json"),
        records(b'{"amount": "25.00", "id": "gc_1"}\n{"amount": "5", "note": null}\n', "jsonl"),
    )

    assert [one.values for one in array] == [one.values for one in lines]
    assert array[0].values == {"amount": "25.00"}
    assert [one.line for one in array] == [one.line for one in lines] == [1, 2]


def test_a_ragged_row_is_told_and_the_next_is_read() -> None:
    short, long, good = records(b"code,amount\nONE\nTWO,1,2\nTHREE,3\n")

    assert short.error is not None and "has 1 cells, the header has 2" in short.error.detail
    assert long.error is not None and "has 3 cells" in long.error.detail
    assert good.error is None


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "@x", "+1", "-1", "\tx"])
def test_a_formula_is_refused_until_it_is_marked_as_meant(cell: str) -> None:
    """T72."""
    bare, meant = records(f"amount,note\n5,{cell}\n5,'{cell}\n".encode())

    assert bare.error is not None and bare.error.detail.startswith("note is a formula")
    assert meant.error is None
    assert meant.values["note"] == cell


def test_a_plus_begins_a_phone_number_and_a_minus_no_amount() -> None:
    [phone] = records(b"amount,phone\n5,+14155550113\n")
    [below] = records(b"amount\n-5\n")

    assert phone.error is None
    assert below.error is None  # told as an amount, further in
    assert below.values == {"amount": "-5"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        ("code,amount\n".encode("utf-16"), "UTF-16"),
        (b"c\x00o\x00d\x00e\x00,\x00\n", "NUL"),
        (b"code;amount\nA;1\n", "semicolons"),
        (b'"code,amount\n', "never closed"),
        (b"code,price\n", "price is not a column"),
        (b"A1B2C3,25.00\n", "is not a column"),
    ],
)
def test_a_file_whose_header_cannot_be_read_is_refused_whole(body: bytes, said: str) -> None:
    with pytest.raises(ValidationFailed, match=said):
        open_file(io.BytesIO(body), "csv")


def test_an_object_that_cannot_be_read_is_a_record_with_its_fault() -> None:
    bad, good = records(b'{"amount": 1, "amount": 2}\n{"amount": "5"}\n', "jsonl")

    assert bad.error is not None and "twice" in bad.error.detail
    assert good.error is None
