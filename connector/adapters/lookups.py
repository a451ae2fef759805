"""How a platform's own API is asked for what its webhooks leave out: questions and answers, no socket.

The one rule: an id out of a payload is one part of a path and nothing else, and the credential goes to
the platform's address or to the one that the operator named.
"""

import json
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ..domain.errors import NotUnderstood
from ..domain.events import Event
from ..domain.inbound import Source
from ..domain.money import shown
from .reading import wrong

API_URL: Final = "api_url"
"""The option for where the platform's API is, if not where it usually is."""

_API: Final = re.compile(
    r"https?://[A-Za-z0-9.:\[\]-]{1,255}(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){0,20}/?", re.ASCII
)
_PATH_PART: Final = re.compile(r"[A-Za-z0-9_~=+:@-][A-Za-z0-9._~=+:@-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the platform's API: by GET, or with a `body` by POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


Walk = Generator[Ask, Mapping[str, Any], Event]
"""Yields questions, is sent each answer, a JSON object, and returns the completed event; NotUnderstood."""
Lookup = Callable[[Event, Source, str], Walk]
"""The walk for an event of a source, with its credential; it yields nothing where nothing is missing."""


def one_question(
    ask: Callable[[Event, Source, str], Ask | None],
    complete: Callable[[Event, Mapping[str, Any], Source], Event],
) -> Lookup:
    """The walk of one question at most: what to ask, and the event with the answer."""

    def walk(event: Event, source: Source, credential: str) -> Walk:
        asked = ask(event, source, credential)
        if asked is None:
            return event
        return complete(event, (yield asked), source)

    return walk


def is_nameless(event: Event) -> bool:
    """Whether the event names somebody, and by nothing but the platform's id."""
    who = event.contact
    return who is not None and who.external_id is not None and not (who.email or who.phone)


def as_json(url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Ask:
    """A question by POST, as JSON."""
    return Ask(url, {"content-type": "application/json", **headers}, json.dumps(body).encode())


def parts_of(credential: str, names: tuple[str, ...]) -> list[str]:
    """A credential of several parts, set off by colons; NotUnderstood says how it is written."""
    parts = credential.split(":", len(names) - 1)
    if len(parts) != len(names) or not all(parts):
        raise NotUnderstood(f"The source's credential is written {':'.join(names)}.")
    return parts


def api_url(source: Source, usual: str) -> str:
    """Where the platform's API is: the source's option `api_url`, else where it usually is."""
    named = source.options.get(API_URL)
    return (named if isinstance(named, str) and _API.fullmatch(named) else usual).rstrip("/")


def api_faults(source: Source) -> list[str]:
    """What is wrong with the option that names the address."""
    api = source.options.get(API_URL)
    if api is None or (isinstance(api, str) and _API.fullmatch(api)):
        return []
    return [f"{API_URL}: write the API's address, https://host/path, with nothing behind the path"]


def path_part(told: str, field: str) -> str:
    """An id out of a payload as one part of an API's path; NotUnderstood for what would be another path."""
    if not _PATH_PART.fullmatch(told):
        raise wrong(field, f"{shown(told)} is no id that the platform's API could be asked for")
    return quote(told, safe="")
