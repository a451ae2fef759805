"""When a notification is tried again, and what of a server's words is kept."""

from datetime import timedelta

import pytest

from connector.domain.notifications import SCHEDULE, TOLD_MAX, Later, next_try, one_line, without


def test_each_try_waits_as_planned_or_up_to_a_fifth_more_and_the_last_is_the_last() -> None:
    for tries, planned in enumerate(SCHEDULE, 1):
        waits = {next_try(f"ntf_{number}", tries, Later("x")) for number in range(20)}
        assert all(one is not None and planned <= one <= planned * 1.2 for one in waits) and len(waits) > 1
    assert next_try("ntf_1", len(SCHEDULE) + 1, Later("x")) is None


def test_a_server_can_ask_for_later_and_never_for_sooner_or_for_ever() -> None:
    def wait(told: timedelta) -> timedelta:
        found = next_try("ntf_1", 1, Later("x", told=told))
        assert found is not None
        return found

    assert wait(timedelta(seconds=1)) >= SCHEDULE[0]
    assert wait(timedelta(hours=2)) >= timedelta(hours=2)
    assert wait(timedelta(days=900)) <= TOLD_MAX * 1.2


@pytest.mark.parametrize("text", ["a\r\nb", "a\x00b", "a\u2028b", "a\u202eb", " a \t b ", "a\x1b[0mb"])
def test_words_become_one_line_without_signs_that_steer(text: str) -> None:
    assert one_line(text) in ("a b", "a [0mb")


def test_addresses_and_secrets_leave_a_servers_words() -> None:
    assert without("no <Mia@Example.com> here, t0ken", "mia@example.com", "t0ken", "") == "no <…> here, …"
    assert len(without("x" * 9_000)) == 300
