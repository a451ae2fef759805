"""Runs with their traces; a held one is decided by a second person, so by an administrator's key."""

from typing import Final

from flask import Response

from ...flows.replay import WITH
from ...flows.runs import OUTCOMES
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/runs"
ONE: Final = f"{PATH}/{{run}}"
SCOPE: Final = "events"
DECIDES: Final = "admin"
SINCE_UNTIL: Final = {
    "since": Field("moment", "from then on"),
    "until": Field("moment", "before then"),
}
FILTERS: Final = {
    "recipe": Field("text", "runs of this recipe"),
    "outcome": Field("text", "what they came to", choices=OUTCOMES),
    "source": Field("text", "of events from this source, by its slug"),
    "type": Field("text", "of events of this type"),
    "event_id": Field("text", "of this event"),
    "contact_id": Field("contact", "for this contact"),
    "replays": Field("text", "that are this run again"),
    **SINCE_UNTIL,
}
NOTE: Final = Shape({"note": Field("text", "why, for the audit trail")})
AGAIN: Final = Shape(
    {"with": Field("text", "the recipe as it was for that run, or as it is today", choices=WITH)},
    frozenset({"with"}),
)


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.runs.page(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.runs.one(asked.account, asked.path["run"]))


def _test(asked: Asked) -> Response:
    return json_answer(asked.gateway.runs.as_test(asked.account, asked.path["run"]))


def _approve(asked: Asked) -> Response:
    return _decide(asked, is_approved=True)


def _refuse(asked: Asked) -> Response:
    return _decide(asked, is_approved=False)


def _decide(asked: Asked, *, is_approved: bool) -> Response:
    run, note = asked.path["run"], asked.body.get("note")
    answered = asked.gateway.runs.decide(
        asked.account, asked.actor(), run, note, asked.key, is_approved=is_approved
    )
    return deed_answer(asked.site, answered)


def _replay(asked: Asked) -> Response:
    run, which = asked.path["run"], asked.body["with"]
    answered = asked.gateway.runs.replay(asked.account, asked.actor(), run, which, asked.key)
    return deed_answer(asked.site, answered)


CALLS: Final = (
    Call("GET", PATH, SCOPE, "List runs", _every, "RunPage", query={**FILTERS, **PAGING}),
    Call("GET", ONE, SCOPE, "Show a run with its trace", _one, "Run"),
    Call(
        *("GET", f"{ONE}/test", SCOPE, "Show a run as a test for its recipe", _test, "RunTest"),
        may_conflict=True,
    ),
    Call("POST", f"{ONE}/approve", DECIDES, "Let a held run go on", _approve, "Run", body=NOTE),
    Call("POST", f"{ONE}/refuse", DECIDES, "End a held run", _refuse, "Run", body=NOTE),
    Call("POST", f"{ONE}/replay", SCOPE, "Run a run again", _replay, "Run", body=AGAIN),
)
