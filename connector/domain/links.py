"""Signed links to cards: what stands in `/c/<token>`, made and read.

A link is as good as the card's code for whoever has it, so it is shown where the code may be shown.
It names the card, the day on which it was made and the number under which the card's links lead to its
page: a card's next number revokes them all. itsdangerous signs that under the ring's keys for links.
(Its own timed serializer would read the machine's clock and not ours.)
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from .ids import CARD

MAX_TOKEN: Final = 200  # ours have 90 characters
LIFE: Final = timedelta(
    days=5 * 366
)  # as long as laws keep a card alive; one that lives longer is sent again
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_SALT: Final = b"gift card link"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a good link says: which card, when it was made, to the day, and under which number."""

    card: str
    made_at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links below `public_url` with the newest of `keys`, reads those of any; newest first."""

    public_url: str
    keys: Sequence[bytes] = field(repr=False)

    def url(self, card: str, now: datetime, number: int) -> str:
        """The address of a card's page, for whoever may see its code."""
        return f"{self.public_url.rstrip('/')}/c/{self.token(card, now, number)}"

    def token(self, card: str, now: datetime, number: int) -> str:
        said = f"{card.removeprefix(CARD + '_')}{(now - _EPOCH) // _DAY}.{number}"
        token: str | bytes = self._signer().dumps(said)
        return token if isinstance(token, str) else token.decode("ascii")

    def read(self, token: str, now: datetime) -> Opened | None:
        """What a token of ours says; None for a forged one, one that is over, and what is no token."""
        if len(token) > MAX_TOKEN or not token.isascii():
            return None
        try:
            said = self._signer().loads(token)
        except BadData:
            return None
        day, _, number = said[26:].partition(".")  # signed by us: it is as `token` writes it
        made_at = _EPOCH + int(day) * _DAY
        return Opened(f"{CARD}_{said[:26]}", made_at, int(number)) if made_at + LIFE > now else None

    def _signer(self) -> URLSafeSerializer:
        # itsdangerous signs with the last key of the list, and wants the oldest first.
        return URLSafeSerializer(
            [*reversed(self.keys)],
            salt=_SALT,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )
