"""`POST /v1/clock`: a sandbox's own admin moves its clock, and nobody any other."""

from typing import Any

from tests.kit.deeds import make_sandbox
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/clock"


def test_a_sandbox_goes_forward(quick_door: Door) -> None:
    make_sandbox(quick_door.house)
    key = quick_door.house.key("admin")

    told = quick_door.post(PATH, key=key, body={"advance": "P90D"})
    again = quick_door.post(PATH, key=key, body={"advance": 3600})

    assert (told.status_code, told.get_json()["now"]) == (200, "2027-02-18T15:00:00Z")
    assert told.get_json() == {
        "account": "glow-spa",
        "now": "2027-02-18T15:00:00Z",
        "is_there": True,
        "left_s": 0,
        "did": {},
        "drafts": [],
    }
    assert again.get_json()["now"] == "2027-02-18T16:00:00Z"


def test_what_is_live_stays_where_it_is(quick_door: Door) -> None:
    key = quick_door.house.key("admin")
    assert refusal(quick_door.post(PATH, key=key, body={"advance": 60})) == (409, "not_a_sandbox")


def test_only_an_admin_may(quick_door: Door) -> None:
    make_sandbox(quick_door.house)
    key = quick_door.house.key("cards:write")
    assert refusal(quick_door.post(PATH, key=key, body={"advance": 60})) == (403, "missing_scope")


def test_what_is_no_length_is_named(quick_door: Door) -> None:
    make_sandbox(quick_door.house)
    key = quick_door.house.key("admin")
    bodies: list[dict[str, Any]] = [{"advance": "soon"}, {"advance": 0}, {"advance": {}}, {}]
    for body in bodies:
        assert [*wrong_fields(quick_door.post(PATH, key=key, body=body))] == ["advance"]
