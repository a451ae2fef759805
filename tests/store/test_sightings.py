"""Two tools that tell of one real event are known by contact, subject and time; paid once, both kept."""

from pathlib import Path

from tests.flows.making import a_house, a_recipe
from tests.kit.house import BY_HAND, House

SAME = a_recipe("thanks", on="booking.completed", given="booking: {id: b, service: Massage}").replace(
    "\ndo:",
    "\nsame_as: {subject: event.booking.service, at: event.booking.starts_at, within: 2 hours}\ndo:",
    1,
)
SAME = SAME.replace("service: Massage}", "service: Massage, starts_at: 2026-11-20T10:00:00Z}")


def book(house: House, source: str, number: str, **changed: str) -> str:
    fields = {
        "type": "booking.completed",
        "booking_id": number,
        "email": "mia@example.com",
        "service": "Massage",
        "starts_at": "2026-11-20T10:00:00Z",
        **changed,
    }
    [run] = house.tell(source, **fields).body["runs"]
    return str(run["outcome"])


def test_the_second_tool_pays_nothing_and_is_kept(database_url: str, tmp_path: Path) -> None:
    sources = {"standard": {"adapter": "standard"}, "zap": {"adapter": "standard"}}
    with a_house(tmp_path, database_url, SAME, sources=sources) as house:
        assert book(house, "standard", "b-1") == "done"
        assert book(house, "zap", "z-1", starts_at="2026-11-20T11:30:00Z") == "already_done"
        assert book(house, "zap", "z-2", service="Facial") == "done"
        assert book(house, "zap", "z-3", starts_at="2026-11-20T14:00:00Z") == "done"
        assert book(house, "zap", "z-4", email="zoe@example.com") == "done"
        assert book(house, "standard", "b-2", starts_at="2026-11-20T10:30:00Z") == "done", (
            "one tool, two bookings"
        )

        assert len(house.rows("events")) == 6
        assert "told the same" in house.rows("runs", outcome="already_done")[0]["reason"]
        assert len(house.cards()) == 5


def test_of_two_that_become_one_what_was_told_is_known(database_url: str, tmp_path: Path) -> None:
    """The booking tool knew her by an address, Zapier by another: merged, they are paid once."""
    with a_house(tmp_path, database_url, SAME, sources={"zap": {"adapter": "standard"}}) as house:
        assert book(house, "standard", "b-1") == "done"
        house.tell(type="contact.created", email="mia@work.example")
        mia, other = (one["public_id"] for one in house.rows("contacts"))
        house.gateway.people.merge(house.account, BY_HAND, other, mia)

        assert book(house, "zap", "z-1", email="mia@work.example") == "already_done"
        assert len(house.cards()) == 1
