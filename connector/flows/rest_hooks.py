"""REST Hooks as Zapier and Make subscribe: one event, one URL, and gone when they say so.

The one rule: the same pair again is the same hook, and what is gone already is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import BY_HAND, Account, Actor
from ..domain.errors import NotFound, ValidationFailed
from ..domain.jsontext import read_own
from ..domain.messages import is_pattern
from ..domain.signing import standard_secret
from ..store import accounts, delivery_lists, endpoints
from ..store.endpoints import REST_HOOK, Endpoint
from ..store.writer import Writing
from . import endpoint_fields
from .access import note
from .parts import Parts
from .perform import Answered, Idempotency, once
from .subscribe import SECRET_BYTES, add, remove, switch_on

SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class RestHooks:
    """The verbs on REST Hooks."""

    parts: Parts

    def subscribe(
        self,
        account: Account,
        *,
        target_url: str,
        event: str,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the field's name
        key: Idempotency | None = None,
        by: Actor = BY_HAND,
    ) -> Answered:
        """201 and the hook with its secret; 200 and the one that is there, without it. ValidationFailed."""
        given = {"url": target_url, "event_types": [event], "filter": filter}
        try:
            values, _ = endpoint_fields.read(self.parts, account, given)
        except ValidationFailed as refusal:
            raise _as_hooks_say(refusal) from refusal
        secret = standard_secret(ids.random_bytes(SECRET_BYTES))

        def deed(tx: Writing) -> Answered:
            accounts.hold(tx, account.id)  # the same pair twice at once is one hook
            for known in self._like(tx, account, target_url, event):
                self._revived(tx, account, known, by)
                return Answered(200, _json(known))
            made = {"description": None, "metadata": {}, **values, "kind": REST_HOOK}
            hook = add(self.parts, tx, account, secret, made)
            note(tx, by, account, hook.public_id, "create_endpoint", {"event_types": [event]})
            return Answered(201, {**_json(hook), "secret": secret})

        return once(self.parts, account, deed, key)

    def _revived(self, tx: Writing, account: Account, known: Endpoint, by: Actor) -> None:
        """One that was switched off works again: whoever subscribes asks for news, not for a row."""
        found = endpoints.lock(tx, account.id, known.public_id)
        if found is not None and found.status == "disabled":
            switch_on(self.parts, tx, found, "resume")
            note(tx, by, account, found.public_id, "enable_endpoint", {"backlog": "resume"})

    def unsubscribe(self, account: Account, hook: str, by: Actor = BY_HAND) -> None:
        """End a hook, if it is there still."""

        def work(tx: Writing) -> None:
            found = endpoints.lock(tx, account.id, hook)
            if found is not None and found.kind == REST_HOOK:
                remove(tx, found)
                note(tx, by, account, found.public_id, "delete_endpoint", {})

        self.parts.writer.run(work)

    def unsubscribe_pair(self, account: Account, target_url: str, event: str, by: Actor = BY_HAND) -> None:
        """End the hook of a URL and an event, if it is there still."""

        def work(tx: Writing) -> None:
            for found in self._like(tx, account, target_url, event):
                endpoints.hold(tx, found.id)
                remove(tx, found)
                note(tx, by, account, found.public_id, "delete_endpoint", {})

        self.parts.writer.run(work)

    def samples(self, account: Account, event: str) -> list[Any]:
        """Up to three real bodies of the account, newest first; none yet: an empty list. NotFound.

        `event` is a type, a family (`gift_card.*`), or `*`.
        """
        if not is_pattern(event):
            raise NotFound(f"{event[:80]!r} is no type of our messages.")
        with self.parts.engines.reading() as connection:
            bodies = delivery_lists.newest_of_type(connection, account.id, event, SAMPLES)
        return [read_own(body.decode("ascii")) for body in bodies]

    def _like(self, tx: Writing, account: Account, target_url: str, event: str) -> list[Endpoint]:
        return [
            one
            for one in endpoints.of_account(tx, account.id)
            if one.kind == REST_HOOK and one.url == target_url and list(one.event_types) == [event]
        ]


def _json(found: Endpoint) -> dict[str, Any]:
    return {"id": found.public_id, "target_url": found.url, "event": found.event_types[0]}


def _as_hooks_say(refusal: ValidationFailed) -> ValidationFailed:
    """The same refusal by the names of these fields."""
    names = {"url": "target_url", "event_types": "event"}
    [error] = refusal.errors
    return endpoint_fields.wrong(names.get(error.field, error.field), error.message)
