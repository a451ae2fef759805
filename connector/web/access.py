"""Who asks: the key in the Authorization header, and what it may do. No key, or an unknown one: refused."""

import re
from typing import Final

from flask import request

from ..domain.accounts import Actor
from ..domain.errors import Unauthorized
from ..flows.access import Access
from ..flows.gateway import Gateway

_KEY: Final = re.compile(r"gck_[A-Za-z0-9_-]{1,200}", re.ASCII)


def require(gateway: Gateway, scope: str) -> Access:
    """The caller of the request in hand, who has `scope`; else Unauthorized or MissingScope."""
    access = gateway.authenticate(key_in(request.headers.get("Authorization", "")))
    access.require(scope)
    return access


def actor(access: Access, source: str) -> Actor:
    """Who does the deed, as cards and transfers keep it; `source` is the face: `api` or `action`."""
    return Actor(source, {"key_id": access.key})


def key_in(written: str) -> str:
    """The key in `Bearer gck_…`, or Unauthorized; two headers, joined, are no key."""
    scheme, _, key = written.partition(" ")
    key = key.strip(" ")
    if scheme.lower() != "bearer" or not _KEY.fullmatch(key):
        raise Unauthorized("Send a key of this account: Authorization: Bearer gck_…")
    return key
