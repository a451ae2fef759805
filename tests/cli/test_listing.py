"""The options of a list become what the gateway is asked; what was left out is not asked."""

from datetime import UTC, datetime

import click
import pytest

from connector.cli.listing import asked_of, list_options
from connector.cli.moments import read_moment

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_what_is_left_out_is_not_asked_and_moments_are_moments() -> None:
    since, until = read_moment("2026-11-20T15:00:00Z"), read_moment("2026-11-21")
    given = {"recipe": "vip", "outcome": None, "since": since, "until": until, "limit": 50}

    assert asked_of(given, NOW, "America/New_York") == {
        "recipe": "vip",
        "since": datetime(2026, 11, 20, 15, tzinfo=UTC),
        "until": datetime(2026, 11, 21, 5, tzinfo=UTC),
        "limit": 50,
    }


def test_a_span_from_now_is_no_moment_of_the_past() -> None:
    verb = click.command("list")(list_options({}, {})(lambda **_: None))
    with pytest.raises(click.BadParameter):
        verb.main(["--since", "3 days"], standalone_mode=False)


def test_each_filter_is_an_option_in_order() -> None:
    verb = click.command("list")(
        list_options({"event_id": "Of it.", "outcome": "To it."}, {"outcome": ["a"]})(lambda: None)
    )

    names = [one.opts[0] for one in verb.params]
    assert names == ["--event-id", "--outcome", "--since", "--until", "--limit", "--cursor"]
