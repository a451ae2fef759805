"""Whoever subscribes can ask what there is to hear."""

from connector.domain.messages import MESSAGE_TYPES, VERSIONS
from connector.web.message_types import CUSTOM
from tests.web.door import Door, refusal


def test_every_type_is_listed_with_a_sentence_a_schema_and_a_sample(quick_door: Door) -> None:
    answer = quick_door.get("/v1/event-types", key=quick_door.house.key("webhooks"))

    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert [one["name"] for one in told["data"]] == [*MESSAGE_TYPES, CUSTOM]
    assert told["next_cursor"] is None
    for one in told["data"]:
        assert one["description"]
        assert one["versions"] == list(VERSIONS)
        assert one["schema"]["$schema"].startswith("https://json-schema.org/")
        assert one["sample"]["type"].partition(".")[0] == one["name"].partition(".")[0]


def test_it_says_the_same_to_everybody_and_nothing_of_anybody(quick_door: Door) -> None:
    house = quick_door.house
    house.issue(2500, contact={"email": "mia@example.com"})

    keys = (house.key("webhooks"), house.key("admin", account="other-shop"))
    mine, theirs = (quick_door.get("/v1/event-types", key=key) for key in keys)

    assert mine.data == theirs.data
    assert b"mia@example.com" not in mine.data


def test_an_unknown_parameter_is_refused(quick_door: Door) -> None:
    answer = quick_door.get("/v1/event-types", key=quick_door.house.key("webhooks"), query="type=ping")

    assert refusal(answer) == (400, "bad_request")
