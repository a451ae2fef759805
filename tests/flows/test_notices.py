"""Whoever runs an account gets mail of an endpoint that only fails: before it is switched off, and then."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connector.domain.endpoint_health import WARNED_AFTER
from connector.store import tables
from tests.flows.post import PostHouse, open_post_house
from tests.kit.receiver import Recorder

OWNER = "owner@example.com"
HOUR = timedelta(hours=1)


def named(post: PostHouse, **values: object) -> PostHouse:
    change = update(tables.accounts).where(tables.accounts.c.slug == "glow-spa").values(**values)
    post.house.gateway.parts.writer.run(lambda tx: tx.execute(change) and None)
    return post


@pytest.fixture
def post(sqlite_url: str, tmp_path: Path) -> Iterator[PostHouse]:
    with open_post_house(tmp_path, sqlite_url) as built:
        yield named(built, email=OWNER)


def an_endpoint(post: PostHouse, receiver: Recorder, *answers: int) -> str:
    receiver.answers(*answers)
    return str(post.house.gateway.create_endpoint(post.house.account, url=receiver.url).body["id"])


def days_pass(post: PostHouse, days: float) -> None:
    """A message a day, everything tried that is due, and the timetable at its work."""
    for quarter in range(int(4 * days)):
        if quarter % 4 == 0:
            post.house.issue()
        post.house.gateway.dispatch()
        post.house.clock.forward(6 * HOUR)
        post.house.gateway.tick()
        post.send()


def subjects(post: PostHouse) -> list[str]:
    return [str(mail.message["Subject"]) for mail in post.box.mails]


def test_an_endpoint_that_only_fails_is_told_of_twice_before_its_end_and_at_its_end(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    with open_post_house(tmp_path, database_url) as post:
        named(post, email=OWNER)
        endpoint = an_endpoint(post, receiver, *[500] * 500)

        days_pass(post, 0.75)
        assert subjects(post) == []
        days_pass(post, 2)
        assert subjects(post) == ["Webhooks to 127.0.0.1 fail"], "once, however often it is looked at"
        days_pass(post, 1.5)
        assert subjects(post) == ["Webhooks to 127.0.0.1 fail"] * 2
        days_pass(post, 3)

        assert subjects(post)[2:] == ["Webhooks to 127.0.0.1 are switched off"]
        assert {tuple(mail.to) for mail in post.box.mails} == {(OWNER,)}
        first, _, last = (mail.part("plain") for mail in post.box.mails)
        assert endpoint in first and "since 2026-11-20T15:" in first and "by 2026-11-25T15:" in first
        assert f"connector endpoints enable glow-spa {endpoint}" in last
        assert "only failed for 5 days" in last
        assert {one["template"] for one in post.notifications} == {"endpoint-failing", "endpoint-disabled"}
        told = [row for row in post.house.rows("messages") if row["type"] == "endpoint.disabled"]
        assert len(told) == 1
        post.house.require_proof()


def test_who_recovers_is_told_of_anew_the_next_time(post: PostHouse, receiver: Recorder) -> None:
    an_endpoint(post, receiver, *[500] * 500)
    days_pass(post, 2)
    receiver.recovers()
    days_pass(post, 2)
    assert len(subjects(post)) == 1

    receiver.answers(*[500] * 500)
    days_pass(post, 2)

    assert len(subjects(post)) == 2


def test_an_endpoint_that_is_gone_is_told_of_at_once(post: PostHouse, receiver: Recorder) -> None:
    an_endpoint(post, receiver, 410)
    post.house.issue()
    post.house.gateway.dispatch()
    post.send()

    [mail] = post.box.mails
    assert "410 Gone" in mail.part("plain")


@pytest.mark.parametrize("why", ["nobody is named", "it is a sandbox", "no mail is set up"])
def test_without_an_address_or_a_way_there_nothing_is_written(
    why: str, sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    how: dict[str, Any] = {"mail": None} if why == "no mail is set up" else {}
    with open_post_house(tmp_path, sqlite_url, **how) as post:
        named(post, email="" if why == "nobody is named" else OWNER, sandbox=why == "it is a sandbox")
        an_endpoint(post, receiver, 500, 410)
        post.house.issue()
        post.house.gateway.dispatch()
        post.house.clock.forward(WARNED_AFTER[0] + HOUR)
        post.house.gateway.tick()
        post.house.gateway.dispatch()

        assert post.house.rows("notifications") == []
        [row] = post.house.rows("endpoints")
        assert row["status"] == "disabled"
