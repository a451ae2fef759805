"""Who asks: the key or token in the Authorization header, and what it may do, how often, from where.

No key, or an unknown one: refused.
"""

import re
from contextlib import AbstractContextManager
from typing import Final

from flask import request

from ..domain.accounts import Actor
from ..domain.errors import AddressNotAllowed, Unauthorized
from ..domain.networks import block_of
from ..flows.access import Access
from ..flows.gateway import Gateway
from ..flows.guesses import Guesser
from ..flows.limits import NO_LIMITS, Limits
from .arrival import Site, address_of, is_local, note_key
from .limits import take

_KEY: Final = re.compile(r"gc(?:k_[A-Za-z0-9_-]{1,200}|t_[A-Za-z0-9_-]{1,600})", re.ASCII)


class Gate:
    """What stands before every call with a key. One for all routes: budgets are over every door."""

    def __init__(self, gateway: Gateway, site: Site, limits: Limits = NO_LIMITS) -> None:
        self._gateway = gateway
        self._site = site
        self._limits = limits
        self._limiter = gateway.parts.limiter()
        self._guesses = gateway.parts.guesses

    @property
    def is_local(self) -> bool:
        """Whether this machine itself made the request in hand."""
        return is_local(request.environ, self._site)

    @property
    def address(self) -> str:
        """Where the request in hand comes from."""
        return address_of(request.environ, self._site)

    def require(self, scope: str, *others: str) -> Access:
        """The caller of the request in hand, who has one of the scopes.

        Unauthorized, AddressNotAllowed, RateLimited or MissingScope.
        """
        try:
            key = key_in(request.headers.get("Authorization", ""))
            found = self._gateway.authenticate(key, self.address)
        except (Unauthorized, AddressNotAllowed):
            self.count_stranger()
            raise
        note_key(request.environ, found.key)
        self.count_key(found.key)
        found.require(scope, *others)
        return found

    def count_key(self, key: str) -> None:
        """One request with a good key (its id), or RateLimited; its tokens are the same caller."""
        if self._limits.per_key is not None:
            take(self._limiter, self._limits.per_key, "key", key)

    def count_stranger(self) -> None:
        """One request without a good key, or RateLimited."""
        if self._limits.per_address is not None:
            take(self._limiter, self._limits.per_address, "address", block_of(self.address))

    def looking(self, caller: Access) -> AbstractContextManager[None]:
        """Around what finds a card by a code that the caller tells; RateLimited after too many wrong ones."""
        return self._guesses.looking(self.guesser(caller))

    def count_chosen(self, caller: Access, card: str) -> None:
        """A card got a code of the caller's choice: again and again, that tries codes."""
        self._guesses.chosen(self.guesser(caller), card)

    def stranger_looking(self, account: str) -> AbstractContextManager[None]:
        """The same for somebody at a page, who has no key: counted by where they are."""
        return self._guesses.looking(Guesser(self.address, account=account))

    def count_try(self) -> None:
        """One try without a key that must stay rare, or RateLimited: it counts as a wrong code."""
        who = Guesser(self.address)
        with self._guesses.looking(who):
            self._guesses.missed(who)

    def guesser(self, caller: Access) -> Guesser:
        """The caller, as wrong codes are counted."""
        return Guesser(self.address, caller.key, "" if caller.owner is None else caller.owner.slug)


def actor(access: Access, source: str) -> Actor:
    """Who does the deed, as cards and transfers keep it; `source` is the face: `api` or `action`."""
    return Actor(source, {"key_id": access.key}, access.scopes, access.root)


def key_in(written: str) -> str:
    """The key in `Bearer gck_…`, or the token in `Bearer gct_…`; Unauthorized.

    Two headers, joined, are no key.
    """
    scheme, _, key = written.partition(" ")
    key = key.strip(" ")
    if scheme.lower() != "bearer" or not _KEY.fullmatch(key):
        raise Unauthorized("Send a key of this account: Authorization: Bearer gck_…")
    return key
