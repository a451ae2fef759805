"""Entity tags: what a thing is like, in a few signs, and whether it still is as a caller has seen it.

The one rule: what is shown and every change that is counted go into a tag; a tag says
nothing of either to who has not seen them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .errors import PreconditionFailed
from .jsontext import dumps

_SIGNS: Final = 32  # 128 bits: nobody meets two things with one tag


def tag_of(shown: Mapping[str, Any], *counted: int) -> str:
    """A strong tag as the header ETag has it, its quotes included.

    `counted`: how many changes there were, so that what was changed there and back is not as before.
    """
    whole = dumps([dict(shown), *counted]).encode()
    return f'"{hashlib.sha256(whole).hexdigest()[:_SIGNS]}"'


@dataclass(frozen=True, slots=True)
class Match:
    """If-Match of a request: what it is about (a public id), and the tags that it may have.

    `tags` None: any, as `*` asks; empty: none could ever fit, since only weak ones came.
    """

    subject: str
    tags: frozenset[str] | None

    def require(self, tag: str) -> None:
        """Pass if the thing has one of the tags now, else PreconditionFailed."""
        if self.tags is not None and tag not in self.tags:
            raise PreconditionFailed(
                f"{self.subject} is not as If-Match says: it has changed meanwhile. Look again, then decide."
            )
