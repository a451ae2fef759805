"""Codes: not to be guessed, not to be mistyped unseen, and found however they are written."""

from collections import Counter
from itertools import pairwise

import pytest

from connector.domain.codes import (
    ALPHABET,
    MAX_CHOSEN,
    MIN_CHOSEN,
    RANDOM_SYMBOLS,
    check_symbol,
    hide,
    last4,
    mask_made,
    new_code,
    normal,
    require_chosen,
    require_prefix,
)
from connector.domain.errors import ValidationFailed

MANY = 20_000
CHI_SQUARE_LIMIT = 100.0  # 31 degrees of freedom: even draws pass it once in 200 million times


@pytest.fixture(scope="module")
def made() -> list[str]:
    return [new_code(sandbox=False) for _ in range(MANY)]


def test_the_alphabet_has_no_symbol_that_looks_like_another() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("01OI") & set(ALPHABET)


def test_a_code_has_eighty_random_bits_and_a_check_symbol(made: list[str]) -> None:
    assert len(ALPHABET) ** RANDOM_SYMBOLS == 2**80
    for code in made[:100]:
        assert [len(group) for group in code.split("-")] == [4, 4, 4, 4, 1]
        symbols = code.replace("-", "")
        assert set(symbols) <= set(ALPHABET)
        assert symbols[-1] == check_symbol(symbols[:-1])


def test_a_sandbox_code_says_so() -> None:
    code = new_code(sandbox=True)
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4, 4, 1]
    assert code.startswith("TEST-")


def test_no_two_codes_are_the_same(made: list[str]) -> None:
    assert len(set(made)) == MANY


def test_every_position_takes_every_symbol_evenly(made: list[str]) -> None:
    """T20: the check symbol is as even as the rest."""
    expected = MANY / len(ALPHABET)
    for place in range(RANDOM_SYMBOLS + 1):
        counted = Counter(code.replace("-", "")[place] for code in made)
        chi_square = sum((counted[symbol] - expected) ** 2 / expected for symbol in ALPHABET)
        assert chi_square < CHI_SQUARE_LIMIT, f"position {place}"


def test_a_code_says_nothing_of_the_one_before(made: list[str]) -> None:
    places = (0, 3, 18)
    steps = Counter(
        (ALPHABET.index(later[place]) - ALPHABET.index(earlier[place])) % len(ALPHABET)
        for place in places
        for earlier, later in pairwise(made)
    )
    expected = len(places) * (MANY - 1) / len(ALPHABET)
    assert sum((steps[step] - expected) ** 2 / expected for step in range(len(ALPHABET))) < CHI_SQUARE_LIMIT


def _is_valid(symbols: str) -> bool:
    return check_symbol(symbols[:-1]) == symbols[-1]


def test_every_single_wrong_symbol_shows(made: list[str]) -> None:
    for code in made[:20]:
        symbols = code.replace("-", "")
        assert _is_valid(symbols)
        for place in range(len(symbols)):
            for wrong in set(ALPHABET) - {symbols[place]}:
                assert not _is_valid(symbols[:place] + wrong + symbols[place + 1 :])


def test_every_two_symbols_in_the_wrong_order_show(made: list[str]) -> None:
    """All pairs of symbols at all pairs of places: the sum is linear, so one background proves it for all."""
    background = ALPHABET[0] * (RANDOM_SYMBOLS + 1)
    places = range(RANDOM_SYMBOLS + 1)
    checked = 0
    for one in ALPHABET:
        for other in ALPHABET:
            for first in places:
                for second in range(first + 1, RANDOM_SYMBOLS + 1):
                    if one != other and (second == first + 1 or one < other):
                        checked += 1
                        assert _error_of(background, {first: one, second: other}) != _error_of(
                            background, {first: other, second: one}
                        )
    assert checked > 70_000
    for code in made[:200]:
        symbols = code.replace("-", "")
        for place in places[:-1]:
            one, other = symbols[place], symbols[place + 1]
            if one != other:
                assert not _is_valid(symbols[:place] + other + one + symbols[place + 2 :])


def _error_of(background: str, changed: dict[int, str]) -> int:
    """What the check of the whole comes to: 0 where it is valid, and different for different sums."""
    symbols = [changed.get(place, symbol) for place, symbol in enumerate(background)]
    return ALPHABET.index(check_symbol("".join(symbols[:-1]))) ^ ALPHABET.index(symbols[-1])


@pytest.mark.parametrize(
    "spelling",
    [
        "7K2Q-M4XA-9RTC-HWNE-3",
        "7k2q-m4xa-9rtc-hwne-3",
        "7K2Q M4XA 9RTC HWNE 3",
        "7K2QM4XA9RTCHWNE3",
        " 7K2Q - M4XA --9RTC  HWNE-3 ",
    ],
)
def test_a_code_is_the_same_however_it_is_spelled(spelling: str) -> None:
    assert normal(spelling) == "7k2qm4xa9rtchwne3"
    assert last4(spelling) == "WNE3"


@pytest.mark.parametrize(
    "spelling",
    [
        "7\u212a2Q-M4XA-9RTC-HWNE-3",  # Kelvin sign
        "7K2Q\u2010M4XA\u20109RTC\u2010HWNE\u20103",
        "7K2Q\u200bM4XA9RTCHWNE3",
        "7K2Q\u00adM4XA9RTCHWNE3",
        "7K2Q_M4XA_9RTC_HWNE_3",
        "7K2Q.M4XA.9RTC.HWNE.3",
        "7K2QM4XA9RTCHWNE3\x00",
        "7K2QM4XA9RTCHWNE3\n",
        "７K2QM4XA9RTCHWNE3",
        "7K2QM4XA9RTCHWNE",
        "\ud800",
        "",
    ],
)
def test_what_only_looks_like_a_code_is_not_it(spelling: str) -> None:
    assert normal(spelling) != "7k2qm4xa9rtchwne3"


@pytest.mark.parametrize(
    "code",
    ["GIFT-100", "gift 100", "ABCDEF", "123456", "ABCD EFGH IJKL MNOP", "A" * MAX_CHOSEN, "a-b-c-d-e-f"],
)
def test_a_chosen_code_keeps_its_spelling(code: str) -> None:
    assert require_chosen(code) == require_chosen(f"  {code} ") == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "------",
        "A" * (MIN_CHOSEN - 1),
        "A - B - C",
        "A" * (MAX_CHOSEN + 1),
        "ABC" + "-" * 1_000_000 + "DEF",
        "-ABCDEF",
        "ABCDEF-",
        "ABC_DEF",
        "ABC.DEF",
        "ABC/DEF",
        "ABCDEF\n",
        "\tABCDEF",
        "ABC\nDEF",
        "ABCDEF\x00",
        "ABC\u200bDEF",
        "ABC\u2010DEF",
        "ABC\u00a0DEF",
        "ÄBCDEF",
        "АBCDEF",  # a Cyrillic А
        "１２３４５６",
        "\ud800ABCDEF",
        "<b>ABCDEF</b>",
        "=1+1+1+1",
    ],
    ids=lambda code: ascii(code[:20]),
)
def test_a_chosen_code_has_letters_digits_blanks_and_dashes_only(code: str) -> None:
    with pytest.raises(ValidationFailed, match="letters and digits"):
        require_chosen(code)


@pytest.mark.parametrize(
    "number",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5500000000000004",
        "340000000000009",
        "6759649826438453",
        "4222222222222",
    ],
)
def test_a_payment_cards_number_is_no_code(number: str) -> None:
    with pytest.raises(ValidationFailed, match="payment card") as refusal:
        require_chosen(number)
    assert number not in str(refusal.value)


@pytest.mark.parametrize("number", ["4111 1111 1111 1112", "411111111111", "4111 1111 1111 1111 A"])
def test_another_number_may_be_a_code(number: str) -> None:
    assert require_chosen(number) == number


@pytest.mark.parametrize("code", ["TEST-2026", "test 2026", "t-e-s-t-26", "TESTIMONY"])
def test_only_a_sandboxs_code_begins_with_test(code: str) -> None:
    assert require_chosen(code, sandbox=True) == code
    with pytest.raises(ValidationFailed, match="begins with TEST"):
        require_chosen(code)


@pytest.mark.parametrize("code", ["SUMMER-2026", "ATEST-2026", "TES-26000"])
def test_a_sandboxs_code_begins_with_nothing_else(code: str) -> None:
    assert require_chosen(code) == code
    with pytest.raises(ValidationFailed, match="begins with TEST"):
        require_chosen(code, sandbox=True)


@pytest.mark.parametrize("prefix", ["AB", "GLOW", "SPA2026", "23456789"])
def test_a_programs_codes_begin_as_it_says(prefix: str) -> None:
    code = new_code(sandbox=False, prefix=require_prefix(prefix))
    tried = new_code(sandbox=True, prefix=prefix)

    assert code.startswith(f"{prefix}-")
    assert tried.startswith(f"TEST-{prefix}-")
    assert len(normal(code)) == len(prefix) + RANDOM_SYMBOLS + 1


@pytest.mark.parametrize("prefix", ["", "A", "ABCDEFGHJ", "glow", "GL-W", "ÄB", "TEST", "TESTED", "AB\n"])
def test_any_other_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationFailed):
        require_prefix(prefix)


@pytest.mark.parametrize("prefix", [None, "AB", "GXW", "GXWYZ", "GXWYZ234"])
def test_a_made_code_is_masked_whatever_stands_in_front_of_it(prefix: str | None) -> None:
    for _ in range(50):
        code = new_code(sandbox=False, prefix=prefix)
        shown = mask_made(f"pay {code}, thanks", "(hidden)")
        assert code[-15:] not in shown
        assert "(hidden), thanks" in shown


@pytest.mark.parametrize(
    "spelling",
    [
        "SPRING-KISS-27",
        "spring kiss 27",
        "s-p-r-i-n-g - kiss--27",
        "SPRINGKI\u017fS27",
        "SPR\u0131NG\u212aISS27",
    ],
)
def test_a_code_is_hidden_in_a_text_however_it_is_spelled_there(spelling: str) -> None:
    assert hide(f"Yours is {spelling}, enjoy.", "Spring-Kiss-27", "(code)") == "Yours is (code), enjoy."
    assert hide(spelling * 2, "Spring-Kiss-27", "(code)") == "(code)(code)"


@pytest.mark.parametrize("text", ["", "SPRING", "Spring_Kiss_27", "SPRING-KISS-2 and 7", "27 kiss spring"])
def test_a_text_without_the_code_stays_as_it_is(text: str) -> None:
    assert hide(text, "Spring-Kiss-27", "(code)") == text
