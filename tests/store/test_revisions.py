"""Recipe revisions are kept for ever; one of each recipe is in force."""

from datetime import datetime, timedelta

from connector.store import revisions, silences
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import FixedClock
from tests.store.making import AnyWriter


def keep(writer: AnyWriter, recipe: str, sha256: str, text: str, status: str = "live") -> None:
    def work(tx: Writing) -> None:
        revisions.keep(tx, recipe=recipe, sha256=sha256, text=text)
        revisions.put_in_force(tx, recipe=recipe, sha256=sha256, status=status)

    writer.run(work)


def test_the_newest_good_text_of_each_recipe_is_in_force(writer: AnyWriter, engines: Engines) -> None:
    keep(writer, "one", "a", "first")
    keep(writer, "two", "b", "other")
    keep(writer, "one", "c", "second")

    with engines.reading() as connection:
        assert revisions.last_good(connection) == {"one": "second", "two": "other"}


def test_a_text_that_was_there_before_is_in_force_again_as_it_was(
    writer: AnyWriter, engines: Engines
) -> None:
    keep(writer, "one", "a", "first")
    keep(writer, "one", "b", "second")
    keep(writer, "one", "a", "never written twice", status="shadow")

    with engines.reading() as connection:
        assert revisions.last_good(connection) == {"one": "first"}


def test_a_recipe_is_in_force_since_its_revision_or_status_changed(
    writer: AnyWriter, engines: Engines, clock: FixedClock
) -> None:
    """Not since the last look at its file: a restart a week would keep its silence from being told."""

    def since() -> datetime | None:
        with engines.reading() as connection:
            return silences.in_force_since(connection, "one")

    began = clock.now()
    keep(writer, "one", "a", "first")
    clock.forward(timedelta(days=6))
    keep(writer, "one", "a", "first")
    assert since() == began

    keep(writer, "one", "a", "first", status="shadow")
    assert since() == clock.now()
