"""The gateway's verbs for programs and prepaid funds: each is its flow, with the parts filled in."""

from collections.abc import Mapping
from typing import Any

from ..domain.accounts import Account, Actor
from . import funds, programs
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency

Told = Mapping[str, Any]


class Catalogue:
    """What a door may ask of programs and funds. `told` are a body's fields, `asked` a query's."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, account: Account, actor: Actor, told: Told, key: Idempotency | None = None) -> Answered:
        """A new program."""
        return programs.create(self._parts, account, actor, told, key)

    def change(
        self, account: Account, actor: Actor, slug: str, told: Told, key: Idempotency | None = None
    ) -> Answered:
        """Other rules for a program's cards to come."""
        return programs.change(self._parts, account, actor, slug, told, key)

    def program(self, account: Account, slug: str) -> dict[str, Any]:
        return programs.one(self._parts, account, slug)

    def programs(self, account: Account, asked: Told) -> Page:
        return programs.every(self._parts, account, asked)

    def deposit(self, account: Account, actor: Actor, told: Told, key: Idempotency | None = None) -> Answered:
        """Pay in prepaid funds."""
        return funds.deposit(self._parts, account, actor, told, key)

    def withdraw(
        self, account: Account, actor: Actor, fund: str, told: Told, key: Idempotency | None = None
    ) -> Answered:
        """Take out what was not given out."""
        return funds.withdraw(self._parts, account, actor, fund, told, key)

    def watch(
        self, account: Account, actor: Actor, fund: str, told: Told, key: Idempotency | None = None
    ) -> Answered:
        """Set below what `funding.low` warns."""
        return funds.watch(self._parts, account, actor, fund, told, key)

    def fund(self, account: Account, fund: str) -> dict[str, Any]:
        return funds.one(self._parts, account, fund)

    def funds(self, account: Account, asked: Told) -> Page:
        return funds.every(self._parts, account, asked)
