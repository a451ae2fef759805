"""A run that can be taken back is given to one who asks about the same, until its time is over."""

from datetime import timedelta

from connector.store import undoable
from connector.store.undoable import About, By
from connector.store.writer import Writing
from tests.kit.crowd import at_once
from tests.kit.house import House

DAY = timedelta(days=1)


def keep(
    house: House,
    run: str,
    key: str,
    source: str | None = "shop",
    contact: int | None = 7,
    revision: str = "a1",
) -> None:
    until, about = house.clock.now() + DAY, About(key, source, contact)
    house.gateway.parts.writer.run(
        lambda tx: undoable.add(
            tx, house.account.id, recipe="r", revision=revision, about=about, run=run, until=until
        )
    )


def take(
    house: House,
    key: str,
    account: int | None = None,
    source: str | None = "shop",
    contact: int | None = 7,
    by: By = By("r"),  # noqa: B008 - a frozen value
) -> list[str]:
    """What an event about this takes back."""
    about = About(key, source, contact)

    def work(tx: Writing) -> list[str]:
        found = undoable.find(tx, account or house.account.id, by, about)
        return [one.run for one in found if undoable.take(tx, one)]

    return house.gateway.parts.writer.run(work)


def test_a_run_is_taken_back_by_its_key_once_and_in_time(house: House) -> None:
    for run, key in (("run_1", "o-1"), ("run_2", "o-1"), ("run_3", "o-2"), ("run_1", "o-9")):
        keep(house, run, key)

    assert take(house, "o-1", house.other.id) == []
    ended = at_once([lambda: take(house, "o-1")] * 4)
    assert sorted(one.value or [] for one in ended) == [[], [], [], ["run_1", "run_2"]]
    assert take(house, "o-9") == [], "a run has one key, its first"
    house.clock.forward(timedelta(days=1, microseconds=1))
    assert take(house, "o-2") == []


def test_another_source_or_person_means_something_else_by_the_same_key(house: House) -> None:
    keep(house, "run_1", "o-1")

    assert take(house, "o-1", source="zapier") == []
    assert take(house, "o-1", contact=8) == []

    assert take(house, "o-1") == ["run_1"]


def test_a_run_goes_by_the_clause_of_its_own_revision(house: House) -> None:
    for run, revision in (("run_1", "a1"), ("run_2", "a2"), ("run_3", "a3")):
        keep(house, run, "o-1", revision=revision)

    assert take(house, "o-1", by=By("r", "a2")) == ["run_2"]
    assert take(house, "o-1", by=By("r", but=("a2", "a3"))) == ["run_1"]
    assert take(house, "o-1", by=By("r", but=frozenset())) == ["run_3"], "whatever nobody knows by name"


def test_what_is_about_somebody_is_kept_without_the_words(house: House) -> None:
    keep(house, "run_1", "mia@example.com")

    assert "mia" not in str(house.rows("undoable_runs"))
    assert take(house, "mia@example.com") == ["run_1"]


def test_what_is_not_known_parts_none(house: House) -> None:
    """A refund that names nobody, a message or schedule of our own, a run of nobody."""
    for number, (source, contact) in enumerate([("shop", 7), ("shop", 7), (None, 7), ("shop", None)]):
        keep(house, f"run_{number}", f"o-{number}", source, contact)

    assert take(house, "o-0", contact=None) == ["run_0"]
    assert take(house, "o-1", source=None) == ["run_1"]
    assert take(house, "o-2", source="zapier") == ["run_2"]
    assert take(house, "o-3", contact=8) == ["run_3"]
