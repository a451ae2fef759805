"""What was probably meant is said; what nobody could have meant is not guessed."""

from connector.recipes.wording import closest, quoted, suggest


def test_the_nearest_name_is_suggested_whatever_its_case() -> None:
    assert suggest("Stauts", ["status", "title"]) == ": did you mean `status`?"


def test_a_short_list_is_shown_where_nothing_is_near() -> None:
    assert suggest("xyz", ["draft", "live"]) == " (known: draft, live)"
    assert suggest("xyz", [f"name{number}" for number in range(50)]) == ""


def test_an_endless_word_costs_nothing() -> None:
    assert closest("a" * 100_000, ["status"]) is None


def test_what_is_quoted_is_one_short_line() -> None:
    assert quoted("a\n b") == "`a b`"
    assert len(quoted("x" * 500)) == 62
