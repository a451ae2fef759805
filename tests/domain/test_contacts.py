"""Who somebody is: one form for every spelling, and nobody is taken for somebody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.contacts import (
    MAX_EXTERNAL_ID,
    MAX_NAME,
    MAX_TAG,
    MAX_TAGS,
    Person,
    normal_email,
    normal_phone,
    read_person,
    read_tags,
)

NOTHING: list[object] = [
    None,
    "",
    " ",
    "\t\n",
    "null",
    "NULL",
    " Null ",
    "None",
    "undefined",
    "N/A",
    True,
    False,
    1.5,
    [],
    {},
    b"a@b.c",
]


@pytest.mark.parametrize("spelling", ["ana@example.com", "Ana@Example.COM", "  ANA@EXAMPLE.COM\n"])
def test_an_address_is_one_however_it_is_spelled(spelling: str) -> None:
    assert normal_email(spelling) == "ana@example.com"


@pytest.mark.parametrize(
    "address", ["a+tag@example.com", "o'brien@example.co.uk", "größe@münchen.example", "x@localhost"]
)
def test_an_unusual_address_is_one_too(address: str) -> None:
    assert normal_email(address) == address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@weiß.example", "anna@weiss.example"),
        ("bac\u212a@example.com", "back@example.com"),  # the sign for kelvin
        ("\ufb01n@example.com", "fin@example.com"),  # two letters in one sign
        ("mai\u017f@example.com", "mais@example.com"),  # a long s
    ],
)
def test_a_letter_that_only_looks_like_another_is_another_address(one: str, other: str) -> None:
    """T69: a card for the one would be sent to the other, who is somebody else."""
    assert normal_email(one) == one
    assert normal_email(other) == other


def test_letters_beyond_ascii_are_made_small_too() -> None:
    assert normal_email("GRÖßE@MÜNCHEN.example") == "größe@münchen.example"


@pytest.mark.parametrize(
    "text",
    [
        *NOTHING,
        "ana",
        "@example.com",
        "ana@",
        "a@b@example.com",
        "an a@example.com",
        "ana@exa mple.com",
        "Ana <ana@example.com>",
        "ana@example.com, bob@example.com",
        "ana@example.com;bob@example.com",
        "mailto:ana@example.com",
        "ana@[127.0.0.1]",
        '"ana"@example.com',
        "ana\x00@example.com",
        "ana@example.com\x1b[31m",
        "ana@example.com\r\nBcc: bob@example.com",
        "ana\ud800@example.com",
        "a" * 65 + "@example.com",
        "ana@" + "e" * 256,
        5,
    ],
)
def test_what_is_no_address_is_absent(text: object) -> None:
    assert normal_email(text) is None


def test_an_address_that_is_too_long_is_absent_rather_than_cut_to_another() -> None:
    longest = "a" * 64 + "@" + "e" * 255
    assert normal_email(longest) == longest
    assert normal_email(longest + "x") is None


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155550113", "DE", "+14155550113"),
        ("+1 (415) 555-0113", "US", "+14155550113"),
        ("(415) 555-0113", "US", "+14155550113"),
        ("415.555.0113", "US", "+14155550113"),
        ("1 415 555 0113", "US", "+14155550113"),
        (4155550113, "US", "+14155550113"),
        (14155550113, "US", "+14155550113"),
        ("030 901820", "DE", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("+49 30 901820", "", "+4930901820"),
        ("０３０ ９０１８２０", "DE", "+4930901820"),
    ],
)
def test_a_number_is_one_however_it_is_spelled(text: object, country: str, number: str) -> None:
    assert normal_phone(text, country) == number


@pytest.mark.parametrize(
    ("text", "country"),
    [
        *((nothing, "US") for nothing in NOTHING),
        ("call me", "US"),
        ("911", "US"),
        ("12", "DE"),
        ("+1", "US"),
        ("+", "US"),
        ("+999 123456789", "US"),
        ("1" * 30, "US"),
        ("4155550113" + "0" * 100, "US"),
        ("4155550113", ""),
        ("4155550113", "XX"),
        ("4155550113\x00\ud800", "US"),
        (10**100, "US"),
    ],
)
def test_what_is_no_number_is_absent(text: object, country: str) -> None:
    assert normal_phone(text, country) is None


def test_a_number_without_its_area_is_absent() -> None:
    """It is possible to dial it next door, and would make neighbours of two cities one person."""
    assert normal_phone("555-0113", "US") is None


@pytest.mark.parametrize("text", ["+1 415 555 0177 ext. 5", "+1 415 555 0177 x6", "tel:+14155550177;ext=7"])
def test_a_number_with_an_extension_is_a_whole_companys(text: str) -> None:
    """Two who sit in one office would be one person."""
    assert normal_phone(text, "US") is None


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (["vip", "new"], ("vip", "new")),
        (("vip",), ("vip",)),
        ("vip,new", ("vip", "new")),
        (" vip , new guest ,", ("vip", "new guest")),
        (["vip", "vip", " vip "], ("vip",)),
        (["VIP", "vip"], ("VIP", "vip")),
        (["vip", None, "", "null", {}, 5], ("vip", "5")),
        ([], ()),
        ((), ()),
    ],
)
def test_tags_come_as_a_list_or_as_text(value: object, tags: tuple[str, ...]) -> None:
    assert read_tags(value) == tags


@pytest.mark.parametrize(
    "value", [None, "", " ", ",", "null", "undefined", [None], [""], [{"name": "vip"}], {}, 5, True]
)
def test_what_says_nothing_of_tags_takes_none_away(value: object) -> None:
    assert read_tags(value) is None


def test_tags_are_bounded_in_number_and_length() -> None:
    tags = read_tags([f"{number} {'x' * 1_000}" for number in range(1_000)])
    assert tags is not None
    assert (len(tags), max(map(len, tags))) == (MAX_TAGS, MAX_TAG)
    assert len(read_tags("a,b" * 500_000) or ()) <= MAX_TAGS


def test_a_person_is_read_from_raw_fields() -> None:
    assert read_person(
        country="US",
        external_id=1234567890123,
        email=" Ana@Example.com",
        phone="415 555 0113",
        first_name=" Ana\tMaria ",
        last_name="Null",
        tags="vip",
    ) == Person("1234567890123", "ana@example.com", "+14155550113", "Ana Maria", None, ("vip",))


@pytest.mark.parametrize("nothing", NOTHING)
def test_what_says_nothing_is_absent(nothing: object) -> None:
    person = read_person(
        country="US",
        external_id=nothing,
        email=nothing,
        phone=nothing,
        first_name=nothing,
        last_name=nothing,
        name=nothing,
    )
    assert person == Person()
    assert not person.is_known


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ana", "Ana", None),
        ("Ana Silva", "Ana", "Silva"),
        (" Ana  Maria   da Silva ", "Ana", "Maria da Silva"),
        ("玉木", "玉木", None),
        ("null", None, None),
    ],
)
def test_a_whole_name_is_used_where_there_are_no_parts(
    name: str, first: str | None, last: str | None
) -> None:
    person = read_person(country="US", name=name)
    assert (person.first_name, person.last_name) == (first, last)


def test_a_whole_name_never_overrides_its_parts() -> None:
    assert read_person(country="US", first_name="Ana", name="Bob Stone").last_name is None
    assert read_person(country="US", last_name="Silva", name="Bob Stone").first_name is None


@pytest.mark.parametrize(
    "person", [Person(external_id="1"), Person(email="a@b.c"), Person(phone="+14155550113")]
)
def test_one_identity_is_enough_to_be_known(person: Person) -> None:
    assert person.is_known
    assert not Person(first_name="Ana", last_name="Silva", tags=("vip",)).is_known


def test_an_external_id_that_is_too_long_is_absent_rather_than_cut_to_anothers() -> None:
    longest = "x" * MAX_EXTERNAL_ID
    assert read_person(country="US", external_id=longest).external_id == longest
    assert read_person(country="US", external_id=longest + "1").external_id is None
    assert read_person(country="US", external_id=10**5_000).external_id is None


@pytest.mark.parametrize("external_id", ["Ab1", "0", "007", "gid://shopify/Customer/1", 0])
def test_an_external_id_keeps_its_spelling(external_id: object) -> None:
    assert read_person(country="US", external_id=external_id).external_id == str(external_id)


def test_names_are_bounded_and_hold_no_controls() -> None:
    person = read_person(country="US", first_name="x" * 10_000, last_name="a\x00b\x1b[31m\x7fc\r\nd")
    assert person.first_name == "x" * MAX_NAME
    assert person.last_name == "a b [31m c d"
    assert read_person(country="US", first_name="\ud800").first_name is None


RAW = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=60), st.lists(st.text(max_size=5))
)


@given(RAW, RAW, RAW, RAW, RAW, st.sampled_from(["US", "DE", "", "XX"]))
def test_any_fields_make_a_person_that_can_be_stored(
    external_id: object, email: object, phone: object, name: object, tags: object, country: str
) -> None:
    person = read_person(
        country=country, external_id=external_id, email=email, phone=phone, name=name, tags=tags
    )
    texts = [person.external_id, person.email, person.phone, person.first_name, person.last_name]
    for text in [*texts, *(person.tags or ())]:
        assert text is None or (text.strip() and "\x00" not in text.encode().decode())
    assert normal_email(person.email) == person.email
    assert normal_phone(person.phone, country) == person.phone
