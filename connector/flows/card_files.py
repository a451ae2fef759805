"""A file of cards as records: CSV or JSON, row by row, each with its place and its fault if it has one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..domain import csvrows, jsonrows
from ..domain.errors import FieldError, ValidationFailed
from ..domain.jsontext import dumps
from .card_rows import COLUMNS, MONEY, PHONES, TOLD, require_columns

FORMATS: Final = ("csv", "json", "jsonl")
MAX_PIECE: Final = csvrows.MAX_ROW_BYTES + 1  # one byte more shows that a line is too long


@dataclass(frozen=True, slots=True)
class Record:
    """One row. `values` are texts by column; `cells` what is shown again where it is rejected.

    `end` is the byte behind it; `error` is there where it cannot be read at all.
    """

    line: int
    values: Mapping[str, Any]
    cells: Sequence[str]
    end: int
    error: ValidationFailed | None = None


@dataclass(frozen=True, slots=True)
class CardFile:
    """The columns of a file, and its records, which can be gone through once."""

    columns: Sequence[str]
    records: Iterator[Record]


def open_file(pieces: Iterable[bytes], form: str) -> CardFile:
    """The file in one of FORMATS; ValidationFailed where its header cannot be read.

    `pieces` are its lines with their ends; a line of more than MAX_PIECE bytes in several.
    """
    if form != "csv":
        return CardFile(COLUMNS, _from_json(pieces))
    rows = csvrows.rows(pieces)
    header = next(rows, None)
    if header is None:
        raise _wrong("file", "is empty: its first line names the columns")
    if header.fault is not None:
        raise _wrong("file", header.fault)
    columns = [name.strip().lower().replace(" ", "_") for name in header.cells]
    if len(columns) == 1 and ";" in columns[0]:
        raise _wrong("file", "parts its columns by semicolons: save it with commas")
    require_columns(columns)
    return CardFile(columns, _from_csv(columns, rows))


def _from_csv(columns: Sequence[str], rows: Iterator[csvrows.Row]) -> Iterator[Record]:
    width = len(columns)
    for row in rows:
        if row.fault is not None:
            yield Record(row.line, {}, row.cells, row.end, _wrong("row", row.fault))
            continue
        cells = [csvrows.plain(cell) for cell in row.cells]
        error = None
        if len(cells) != width:
            error = _wrong("row", f"has {len(cells)} cells, the header has {width}")
        else:
            formulas = [
                name for name, cell in zip(columns, row.cells, strict=True) if _is_formula(name, cell)
            ]
            if formulas:
                hint = "is a formula to a spreadsheet: put an apostrophe before it if it is meant"
                error = _wrong(formulas[0], hint)
        yield Record(row.line, dict(zip(columns, cells, strict=False)), cells, row.end, error)


def _is_formula(name: str, cell: str) -> bool:
    if not csvrows.is_formula(cell) or name in MONEY or name in TOLD:
        return False
    return not (name in PHONES and cell.startswith("+"))


def _from_json(pieces: Iterable[bytes]) -> Iterator[Record]:
    for one in jsonrows.objects(pieces):
        error = None if one.fault is None else _wrong("row", one.fault)
        values = {name: value for name, value in one.value.items() if name not in TOLD}
        cells = [_shown(values.get(name)) for name in COLUMNS]
        yield Record(one.line, values, cells, one.end, error)


def _shown(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else dumps(value)


def _wrong(name: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{name} {message}", errors=[FieldError(name, message)])
