"""What doors tell of a contact: brought to one form or refused by name, never cut."""

from typing import Any

import pytest

from connector.domain.errors import BadRequest, ValidationFailed
from connector.flows import contact_fields
from connector.flows.contact_fields import LEFT_OUT
from connector.store.contact_lists import Filters
from tests.domain.test_accounts import GLOW as ACCOUNT


def test_identities_are_brought_to_the_form_that_events_have() -> None:
    told = contact_fields.read(
        ACCOUNT,
        {
            "email": " Mia@Example.COM ",
            "phone": "(415) 555-0113",
            "external_id": " 7 ",
            "external_ids": {"till": ["b", "b", "a"], "old": None},
        },
    )

    assert told.identities == [
        ("external_id", "api", "7"),
        ("external_id", "till", "b"),
        ("external_id", "till", "a"),
        ("email", "", "mia@example.com"),
        ("phone", "", "+14155550113"),
    ]
    assert told.external_ids["old"] == ()
    person, namespace = told.first()
    assert (person.external_id, person.email, namespace) == ("7", "mia@example.com", "api")


def test_what_is_left_out_stays_and_a_null_empties() -> None:
    nothing = contact_fields.read(ACCOUNT, {})
    emptied = contact_fields.read(
        ACCOUNT,
        dict.fromkeys(("email", "phone", "external_id", "first_name", "attributes", "referred_by")),
    )

    assert (nothing.email, nothing.names, nothing.tags, nothing.referred_by) == (None, {}, None, LEFT_OUT)
    assert (nothing.identities, nothing.clears_attributes) == ([], False)
    assert (emptied.email, emptied.phone, emptied.external_ids) == ((), (), {"api": ()})
    assert (emptied.names, emptied.clears_attributes, emptied.referred_by) == (
        {"first_name": None},
        True,
        None,
    )


def test_known_by_anothers_id_alone_they_are_made_in_its_namespace() -> None:
    person, namespace = contact_fields.read(ACCOUNT, {"external_ids": {"till": "9"}}).first()

    assert (person.external_id, namespace) == ("9", "till")


@pytest.mark.parametrize(
    "told",
    [
        {"email": "nobody"},
        {"phone": "nobody"},
        {"external_id": ""},
        {"external_ids": {"": "1"}},
        {"external_ids": {"till": {"a": 1}}},
        {"first_name": "x" * 201},
        {"tags": [""]},
        {"add_tags": ["x" * 101]},
        {"tags": [], "remove_tags": ["a"]},
    ],
)
def test_what_cannot_be_read_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        contact_fields.read(ACCOUNT, told)


def test_attributes_are_merged_key_by_key_within_bounds() -> None:
    assert contact_fields.attributes_with({"a": 1, "b": 2}, {"b": None, "c": 3}) == {"a": 1, "c": 3}
    for told in ({f"k{one}": 1 for one in range(51)}, {"a": "x" * 8_192}):
        with pytest.raises(ValidationFailed):
            contact_fields.attributes_with({}, told)


def test_a_contact_has_so_many_tags_and_no_more() -> None:
    contact_fields.require_tags(200)
    with pytest.raises(ValidationFailed):
        contact_fields.require_tags(201)


def test_a_list_is_asked_in_the_form_that_is_kept() -> None:
    asked = {"email": "MIA@example.com", "phone": " 14155550113", "external_id": "7", "namespace": "till"}

    assert contact_fields.filters(ACCOUNT, {**asked, "tag": "a", "q": "Mia Ash"}) == Filters(
        (("external_id", "till", "7"), ("email", "", "mia@example.com"), ("phone", "", "+14155550113")),
        "a",
        (b"mia", b"ash"),
    )
    for refused in ({"namespace": "till"}, {"email": "x"}, {"phone": "x"}, {"q": " "}, {"external_id": " "}):
        with pytest.raises(BadRequest):
            contact_fields.filters(ACCOUNT, refused)


def test_a_cursor_is_of_one_list_whatever_its_page() -> None:
    digest = contact_fields.digest({"tag": "a", "limit": 1})

    assert digest == contact_fields.digest({"tag": "a", "limit": 2, "cursor": "x"})
    assert digest != contact_fields.digest({"tag": "b"})
