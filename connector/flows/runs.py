"""Runs as people ask for them: lists, one with its trace, and what a person decides of one that is held."""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..recipes.decision import OUTCOMES as OUTCOMES
from ..store import runs
from ..store.writer import Writing
from . import backtest, replay, resuming, run_json, saved_tests, trying
from .listing import filters_of, page_of
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency, once

WHICH: Final = "runs"
FILTERS: Final = (
    *("recipe", "outcome", "replays", "event_id", "type", "source", "contact_id", "since", "until"),
)


class Runs:
    """The verbs on runs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def approve(self, account: Account, actor: Actor, run: str, note: str | None = None) -> dict[str, Any]:
        """As `decide`, in favour."""
        return dict(self.decide(account, actor, run, note, is_approved=True).body)

    def refuse(self, account: Account, actor: Actor, run: str, note: str | None = None) -> dict[str, Any]:
        """As `decide`, against."""
        return dict(self.decide(account, actor, run, note, is_approved=False).body)

    def decide(
        self,
        account: Account,
        actor: Actor,
        run: str,
        note: str | None,
        key: Idempotency | None = None,
        *,
        is_approved: bool,
    ) -> Answered:
        """Let a held run go on past its limit, or end it; NotFound, RunNotHeld. The run as it is then."""
        do = resuming.approve if is_approved else resuming.refuse

        def deed(tx: Writing) -> Answered:
            do(self._parts, tx, account, actor, run, note)
            return Answered(200, run_json.one(self._parts, tx, account.id, run))

        return once(self._parts, account, deed, key)

    def replay(
        self, account: Account, actor: Actor, run: str, which: str, key: Idempotency | None = None
    ) -> Answered:
        """The run again: `same`, by the revision that it ran with, or with `today`'s. The new run."""
        return replay.replay_run(self._parts, account, actor, run, which, key)

    def trial(self, account: Account, recipe: str, event: str | Mapping[str, Any]) -> dict[str, Any]:
        """What the recipe would do about a kept event (its id) or an envelope; changes nothing."""
        return trying.try_recipe(self._parts, account, recipe, event)

    def as_test(self, account: Account, run: str) -> dict[str, Any]:
        """The run as a test for its recipe's `tests:`; NotFound, NotReplayable."""
        return saved_tests.as_test(self._parts, account, run)

    def backtest(self, slug: str | None, recipe: str, **how: Any) -> dict[str, Any]:
        """What the recipe would have given; `how` as `backtest.backtest`. Nothing is written."""
        return backtest.backtest(self._parts, slug, recipe, **how)

    def one(self, account: Account, run: str) -> dict[str, Any]:
        """One run with its trace, or NotFound."""
        with self._parts.engines.reading() as connection:
            return run_json.one(self._parts, connection, account.id, run)

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Runs, newest first; `asked`: FILTERS, limit, cursor."""
        parts = self._parts

        def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
            with parts.engines.reading() as connection:
                filters = filters_of(connection, account, asked, FILTERS)
                if filters is None:
                    return [], []
                found = runs.page(connection, account.id, filters, before=before, limit=limit)
                return [one.id for one in found], run_json.shown(parts, connection, found)

        return page_of(parts, account, WHICH, asked, read)
