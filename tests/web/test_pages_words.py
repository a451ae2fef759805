"""The words of the pages: every language says everything, with the same to be put in."""

import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

from connector.flows.letter_values import VALIDITY
from connector.web.pages.words import ENGLISH, SPOKEN, Words, words_of


def sentences(words: Words) -> Iterator[tuple[str, str]]:
    for one in fields(words):
        value = getattr(words, one.name)
        if isinstance(value, str):
            yield one.name, value
        else:
            yield from ((f"{one.name}.{state}", text) for state, text in value.items())


def put_in(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("language", sorted(SPOKEN))
def test_a_language_says_all_that_english_says(language: str) -> None:
    """S004-77."""
    own, english = dict(sentences(SPOKEN[language])), dict(sentences(ENGLISH))

    assert own.keys() == english.keys() and all(text.strip() for text in own.values())
    assert {name: put_in(text) for name, text in own.items()} == {
        name: put_in(text) for name, text in english.items()
    }
    said_alike = {name for name, text in own.items() if text == english[name]}
    assert language == "en" or said_alike <= {"minutes"}


def test_pages_are_in_the_languages_of_the_letters_and_else_in_english() -> None:
    assert SPOKEN.keys() == VALIDITY.keys()
    assert words_of("de_AT") is SPOKEN["de"] and words_of("pt_BR") is ENGLISH
