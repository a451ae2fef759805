"""If-Match and If-None-Match: tags out of headers, and the answer to who has seen it all already.

The one rule: what cannot be read is refused, since a condition that is passed over does
what the caller asked us not to do. RFC 9110, 8.8.3 and 13.1.
"""

import re
from typing import Final

from flask import Response, request

from ..domain.errors import BadRequest, FieldError
from ..domain.tags import Match
from ..flows.perform import Answered
from .answers import empty_answer, json_answer

IF_MATCH: Final = "If-Match"
IF_NONE_MATCH: Final = "If-None-Match"
ETAG: Final = "ETag"
ANY: Final = "*"
MAX_LENGTH: Final = 4_096  # a hundred of our tags: who has seen so many states asks for *

_TAG: Final = r'(?:W/)?"[!#-~]*"'
_EACH: Final = re.compile(_TAG, re.ASCII)
_LIST: Final = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*", re.ASCII)
PATTERN: Final = rf"^(?:\*|{_LIST.pattern})$"
"""What can be read, for the document."""


def match_of(subject: str | None) -> Match | None:
    """What the request's If-Match asks of `subject` (a public id); None without one. BadRequest.

    A call about nothing that has a tag refuses one: who sends it relies on it.
    """
    written = request.headers.get(IF_MATCH)
    if written is None:
        return None
    if subject is None:
        raise _wrong(IF_MATCH, "is taken only by calls that change one gift card or contact by its id")
    tags = _read(IF_MATCH, written)
    return Match(subject, None if tags is None else frozenset(one for one in tags if one[:1] == '"'))


def shown(answered: Answered) -> Response:
    """The answer to a GET: the thing with its tag, or 304 where If-None-Match names that tag."""
    written = request.headers.get(IF_NONE_MATCH)
    if written is not None:
        tags = _read(IF_NONE_MATCH, written)
        if tags is None or answered.etag in {one.removeprefix("W/") for one in tags}:
            return with_tag(empty_answer(304), answered)
    return with_tag(json_answer(answered.body, answered.status), answered)


def with_tag(answer: Response, answered: Answered) -> Response:
    """The answer with the tag of what it shows, where it has one."""
    if answered.etag is not None:
        answer.headers[ETAG] = answered.etag
    return answer


def _read(header: str, written: str) -> list[str] | None:
    """The tags of a list, or None for `*`."""
    text = written.strip(" \t")
    if text == ANY:
        return None
    if len(text) > MAX_LENGTH or not _LIST.fullmatch(text):
        raise _wrong(header, 'must be *, or ETags with their quotes, parted by commas: "a", "b"')
    return _EACH.findall(text)


def _wrong(header: str, message: str) -> BadRequest:
    return BadRequest(f"{header} {message}", errors=[FieldError(header, message)])
