"""The table of acceptance lines counts what is named, and nothing else."""

from pathlib import Path

import pytest

from tests.kit import acceptance


def test_a_docstring_names_lines_one_by_one_and_in_spans() -> None:
    assert acceptance.lines_in("S001-07, S002-9 to S002-11; T31.") == {
        "S001-07",
        "S002-09",
        "S002-10",
        "S002-11",
    }
    for wrong in ("S001-72", "S009-1", "S001-00", "S001-9 to S001-3"):
        with pytest.raises(ValueError):
            acceptance.lines_in(wrong)


def test_what_stands_in_no_docstring_of_a_test_proves_nothing(tmp_path: Path) -> None:
    """A comment, a helper and a name that merely look like it."""
    file = tmp_path / "test_it.py"
    file.write_text(
        '# S001-01\ndef helper():\n    "S001-02"\ndef test_it():\n    "S001-03"\n    told = "S001-04"\n'
    )

    assert acceptance.proved([file]) == {"S001-03"}


def test_the_table_names_what_has_neither_test_nor_reason(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| line | why |\n| --- | --- |\n| `S001-02` to `S001-04` | S001-05 |\n")
    told = acceptance.reasoned(page)
    lines = acceptance.table({"S001-01"}, told)

    assert told == {"S001-02", "S001-03", "S001-04"}
    assert next(line for line in lines if line.startswith("S001")).split() == ["S001", "71", "1", "3", "67"]
    assert any(line.strip().startswith("S001-05, S001-06") for line in lines)


def test_every_line_that_our_tests_and_docs_name_is_there() -> None:
    assert len(acceptance.of_this_project()) > len(acceptance.LINES)
