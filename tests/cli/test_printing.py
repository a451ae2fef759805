"""What people see: values in words, and nothing that a terminal would obey."""

import pytest

from connector.cli.printing import cell, clean, print_json, print_record, print_table, sum_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (["a", "b"], "a, b"),
        ("Zoë 🎁", "Zoë 🎁"),
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eevil", "\\u202eevil"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_a_value_is_shown_and_never_obeyed(value: object, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [(2500, "USD", "25.00 USD"), (2500, "JPY", "2500 JPY"), (2500, "XXX", "2500"), (1, None, "1")],
)
def test_a_sum_has_its_currency_s_own_decimals(minor: int, currency: object, shown: str) -> None:
    assert sum_of(minor, currency) == shown


def test_an_empty_list_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id", "name"), [], empty="Nothing yet. Next: make one")

    assert capsys.readouterr().out == "Nothing yet. Next: make one\n"


def test_a_row_stays_on_its_line_and_without_colour_where_nobody_looks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("id", "text"), [["1", "x" * 300], ["2", "[bold]no markup[/bold]"]], empty="")

    [head, first, second] = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "text"]
    assert first.split() == ["1", "x" * 300]
    assert "[bold]no markup[/bold]" in second
    assert "\x1b" not in head + first + second


def test_a_record_leaves_out_what_is_empty_and_writes_sums_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_record(
        {
            "id": "gc_1",
            "balance": 2500,
            "currency": "USD",
            "note": None,
            "sandbox": False,
            "origin": {"command": "cards issue"},
            "secrets": [{"fingerprint": "abcd"}],
        }
    )

    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines == {
        "id": "gc_1",
        "balance": "25.00 USD",
        "currency": "USD",
        "sandbox": "no",
        "origin.command": "cards issue",
        "secrets.0.fingerprint": "abcd",
    }


def test_json_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Zoë\n🎁"})

    assert capsys.readouterr().out == '{"name":"Zo\\u00eb\\n\\ud83c\\udf81"}\n'


def test_ordinary_text_is_left_alone() -> None:
    assert clean("25.00 USD für Zoë") == "25.00 USD für Zoë"
