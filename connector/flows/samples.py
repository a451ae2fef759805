"""Act as a platform: a signed sample of what it sends, for `connector send` and for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..adapters.kit import find_sample, renewed, signed_headers
from ..domain import ids, jsontext
from ..domain.accounts import InboundSource
from ..domain.errors import BadJson, ValidationFailed
from .parts import Parts

NONCE_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
NONCE_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class Post:
    """A request as the platform would make it."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def sample(
    parts: Parts,
    found: InboundSource,
    event: str,
    *,
    url: str,
    now: datetime,
    is_new: bool = False,
    changes: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
) -> Post:
    """The sample of `event` (the platform's name or ours), signed by the source's newest secret.

    The same bytes each time; `is_new`: another booking, order or person. `changes`
    are paths into the JSON body with the value to put there; `body` is sent instead
    of the sample. ValidationFailed where there is no such sample or path.
    """
    adapter = parts.adapters[found.source.adapter]
    if not found.source.secrets:
        raise ValidationFailed(f"The source {found.source.slug} has no secret to sign with.")
    kind, told = "application/json", dict[str, str]()
    if body is None:
        chosen = find_sample(adapter, event)
        kind, told, body = chosen.content_type, dict(chosen.headers), chosen.body
        if is_new:
            body = renewed(body, ids.random_symbols(NONCE_LETTERS, NONCE_LENGTH))
    if changes:
        body = _changed(body, changes)
    headers = {"content-type": kind, **told, **signed_headers(adapter, found.source, body, now, url)}
    return Post(url, headers, body)


def _changed(body: bytes, changes: Sequence[tuple[str, str]]) -> bytes:
    whole = jsontext.load_object(body)
    for path, value in changes:
        at: Any = whole
        *parents, last = path.split(".")
        for name in parents:
            at = at.setdefault(name, {}) if isinstance(at, dict) else None
        if not isinstance(at, dict) or not last:
            raise ValidationFailed(f"--set {path[:80]}: there is no such place in the sample")
        at[last] = _value(value)
    return jsontext.dumps(whole).encode()


def _value(text: str) -> Any:
    """What a person writes behind `=`: JSON where it is that, else the text itself."""
    try:
        return jsontext.loads(text.encode())
    except BadJson:
        return text
