"""Accounts and sources: rows by slug, sealed secrets."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from ..domain import ids
from ..domain.accounts import Account, InboundSource
from ..domain.inbound import Source
from ..domain.jsontext import dumps, loads
from ..domain.sealing import KeyRing
from .columns import is_name
from .tables import accounts, sources
from .writer import Writing

_SECRETS: Final = "source secrets"
_BY_SLUG: Final = select(accounts).where(accounts.c.slug == bindparam("slug"))
_SOURCE: Final = (
    select(sources, accounts.c.slug.label("account_slug"))
    .join(accounts, accounts.c.id == sources.c.account_id)
    .where(accounts.c.slug == bindparam("account"), sources.c.slug == bindparam("slug"))
)


def find(connection: Connection | Writing, slug: str) -> Account | None:
    """The account with this slug, or None."""
    if not is_name(slug):
        return None
    row = connection.execute(_BY_SLUG, {"slug": slug}).mappings().first()
    return None if row is None else _account(row)


def of_config(connection: Connection | Writing) -> list[Account]:
    """The accounts that config.toml has, by slug."""
    wanted = select(accounts).where(accounts.c.managed_by == "config").order_by(accounts.c.slug)
    return [_account(row) for row in connection.execute(wanted).mappings()]


def by_id(connection: Connection | Writing, account_id: int) -> Account:
    """The account of a row that names it."""
    row = connection.execute(select(accounts).where(accounts.c.id == account_id)).mappings().one()
    return _account(row)


def hold(tx: Writing, account_id: int) -> None:
    """Hold the account's row until the commit: of two at once that count what it has, one waits."""
    if not tx.is_alone:
        tx.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update(key_share=True))


def every(connection: Connection | Writing) -> list[Account]:
    """All accounts, by slug."""
    rows = connection.execute(select(accounts).order_by(accounts.c.slug)).mappings()
    return [_account(row) for row in rows]


def with_email(connection: Connection | Writing, email: str, limit: int) -> list[Account]:
    """At most `limit` accounts that registered this address, as `normal_email` has it."""
    wanted = select(accounts).where(accounts.c.email == email).order_by(accounts.c.id).limit(limit)
    return [_account(row) for row in connection.execute(wanted).mappings()]


def page(connection: Connection | Writing, *, after: str, limit: int) -> list[Account]:
    """At most `limit` accounts by slug, behind the slug `after`; "" begins."""
    wanted = select(accounts).where(accounts.c.slug > after).order_by(accounts.c.slug).limit(limit)
    return [_account(row) for row in connection.execute(wanted).mappings()]


def add(tx: Writing, *, slug: str, values: Mapping[str, Any], managed_by: str) -> Account | None:
    """Make the account `slug` of `values` (as in `put`), or None where the slug is taken."""
    row = {
        "public_id": ids.new_id(ids.ACCOUNT, tx.wall),
        "slug": slug,
        "brand": {},  # these are always given: the statement is prepared for its columns
        "email": "",
        **values,
        "managed_by": managed_by,
        "business_id": _free_number(tx),
        "store_id": ids.new_flake(tx.wall),
        "created_at": tx.wall,
    }
    return None if tx.insert_new(accounts, row, ("slug",)) is None else find(tx, slug)


def lock(tx: Writing, account: Account) -> Account:
    """The account as it is now, held until the commit: of two changes of its look, neither is lost."""
    wanted = select(accounts).where(accounts.c.id == account.id)
    return _account(
        tx.execute(wanted if tx.is_alone else wanted.with_for_update(key_share=True)).mappings().one()
    )


def change(tx: Writing, account: Account, values: Mapping[str, Any]) -> Account:
    """Write name, timezone, country, brand or email; nothing else of an account ever changes."""
    tx.execute(update(accounts).where(accounts.c.id == account.id).values(dict(values)))
    return by_id(tx, account.id)


def move_clock(tx: Writing, account_id: int, to: datetime) -> None:
    """Let the account's clock show `to` now, unless it is past that: it never goes back."""
    wanted = select(accounts.c.clock_offset_us).where(accounts.c.id == account_id)
    kept = tx.execute(wanted if tx.is_alone else wanted.with_for_update()).scalar_one()
    offset = (to - tx.wall) // timedelta(microseconds=1)
    if offset > kept:
        tx.execute(update(accounts).where(accounts.c.id == account_id).values(clock_offset_us=offset))


def put(tx: Writing, *, slug: str, values: Mapping[str, Any], managed_by: str) -> Account:
    """Make or bring up to date the account `slug`.

    `values`: name, currency, timezone, country, sandbox, perhaps brand, email. Currency and sandbox of
    an account that exists never change: cards and codes were made under them.
    """
    if add(tx, slug=slug, values=values, managed_by=managed_by) is None:  # there, or made beside us just now
        changed = {
            key: values[key] for key in ("name", "timezone", "country", "brand", "email") if key in values
        }
        tx.execute(update(accounts).where(accounts.c.slug == slug).values(managed_by=managed_by, **changed))
    made = find(tx, slug)
    assert made is not None
    return made


def put_source(
    tx: Writing,
    ring: KeyRing,
    account: Account,
    *,
    slug: str,
    adapter: str,
    secrets: Sequence[str],
    settings: Mapping[str, Any],
    managed_by: str,
    credential: str = "",
) -> None:
    """Make or bring up to date a source; `settings` is everything but its secrets."""
    values = {
        "adapter": adapter,
        "secrets_sealed": _sealed(ring, secrets, credential),
        "settings": dict(settings),
        "is_enabled": True,
        "managed_by": managed_by,
    }
    row = {"account_id": account.id, "slug": slug, **values, "created_at": tx.now}
    if tx.insert_new(sources, row, ("account_id", "slug")) is None:
        at = (sources.c.account_id == account.id) & (sources.c.slug == slug)
        tx.execute(update(sources).where(at).values(values))


def add_source(
    tx: Writing,
    ring: KeyRing,
    account: Account,
    *,
    slug: str,
    adapter: str,
    secrets: Sequence[str],
    settings: Mapping[str, Any],
    credential: str = "",
    managed_by: str = "api",
) -> bool:
    """Make a source; False where the account has one of this name, disabled or not."""
    row = {
        "account_id": account.id,
        "slug": slug,
        "adapter": adapter,
        "secrets_sealed": _sealed(ring, secrets, credential),
        "settings": dict(settings),
        "is_enabled": True,
        "managed_by": managed_by,
        "created_at": tx.wall,
    }
    return tx.insert_new(sources, row, ("account_id", "slug")) is not None


def lock_source(tx: Writing, ring: KeyRing, account: str, slug: str) -> InboundSource | None:
    """As `find_source`, holding the row until the commit."""
    found = find_source(tx, ring, account, slug)
    if found is None or tx.is_alone:
        return found
    tx.execute(select(sources.c.id).where(sources.c.id == found.id).with_for_update())
    return find_source(tx, ring, account, slug)


def change_source(
    tx: Writing,
    ring: KeyRing,
    found: InboundSource,
    *,
    secrets: Sequence[str],
    settings: Mapping[str, Any],
    is_enabled: bool,
    credential: str,
) -> None:
    """Write what may change of a locked source; its adapter never does."""
    values = {
        "secrets_sealed": _sealed(ring, secrets, credential),
        "settings": dict(settings),
        "is_enabled": is_enabled,
    }
    tx.execute(update(sources).where(sources.c.id == found.id).values(values))


def disable_config_sources(tx: Writing, keep: set[tuple[str, str]]) -> None:
    """Sources that config.toml no longer names stop taking deliveries; their history stays."""
    rows = tx.execute(
        select(sources.c.id, sources.c.slug, accounts.c.slug.label("account"))
        .join(accounts, accounts.c.id == sources.c.account_id)
        .where(sources.c.managed_by == "config", sources.c.is_enabled)
    ).all()
    for row in rows:
        if (row.account, row.slug) not in keep:
            tx.execute(update(sources).where(sources.c.id == row.id).values(is_enabled=False))


def find_source(
    connection: Connection | Writing, ring: KeyRing, account: str, slug: str
) -> InboundSource | None:
    """The source at `/hooks/<account>/<slug>`, or None; a disabled one is found and says so."""
    if not (is_name(account) and is_name(slug)):
        return None
    row = connection.execute(_SOURCE, {"account": account, "slug": slug}).mappings().first()
    if row is None:
        return None
    owner = by_id(connection, row["account_id"])
    return _source(row, owner, ring)


def sources_of(connection: Connection | Writing, ring: KeyRing, account: Account) -> list[InboundSource]:
    """An account's sources, by slug."""
    rows = connection.execute(
        select(sources).where(sources.c.account_id == account.id).order_by(sources.c.slug)
    ).mappings()
    return [_source(row, account, ring) for row in rows]


def source_slugs(connection: Connection | Writing, account_id: int | None) -> list[str]:
    """What the account's sources are called, or every account's where None is named."""
    named = select(sources.c.slug).distinct().order_by(sources.c.slug)
    if account_id is not None:
        named = named.where(sources.c.account_id == account_id)
    return list(connection.execute(named).scalars())


def source_number(connection: Connection | Writing, account_id: int, slug: str) -> int | None:
    """The row number of the account's source of this name, or None; its secrets stay shut."""
    at = sources.c.account_id == account_id, sources.c.slug == slug
    return connection.execute(select(sources.c.id).where(*at)).scalar() if is_name(slug) else None


def source_by_id(connection: Connection | Writing, ring: KeyRing, source_id: int) -> InboundSource:
    """The source of a row that names it."""
    row = connection.execute(select(sources).where(sources.c.id == source_id)).mappings().one()
    return _source(row, by_id(connection, row["account_id"]), ring)


def _sealed(ring: KeyRing, secrets: Sequence[str], credential: str = "") -> str:
    told = {"secrets": list(secrets), "credential": credential}
    return ring.seal(dumps(told).encode(), _SECRETS)


def _account(row: RowMapping) -> Account:
    return Account(
        id=row["id"],
        public_id=row["public_id"],
        slug=row["slug"],
        name=row["name"],
        currency=row["currency"],
        timezone=row["timezone"],
        country=row["country"],
        sandbox=row["sandbox"],
        clock_offset=timedelta(microseconds=row["clock_offset_us"]),
        managed_by=row["managed_by"],
        business_id=row["business_id"],
        store_id=row["store_id"],
        brand=row["brand"],
        email=row["email"],
    )


def _free_number(tx: Writing) -> int:
    """A business id that no account has; of two that are made at once and draw the same, one is refused."""
    while True:
        number = ids.new_number()
        taken = select(accounts.c.id).where(accounts.c.business_id == number)
        if tx.execute(taken).first() is None:
            return number


def _source(row: RowMapping, account: Account, ring: KeyRing) -> InboundSource:
    settings = row["settings"]
    sealed = loads(ring.open(row["secrets_sealed"], _SECRETS))
    return InboundSource(
        id=row["id"],
        account=account,
        source=Source(
            account=account.slug,
            slug=row["slug"],
            adapter=row["adapter"],
            secrets=tuple(sealed["secrets"]),
            currency=settings.get("currency") or account.currency,
            timezone=settings.get("timezone") or account.timezone,
            country=account.country,
            options=_options(settings),
        ),
        namespace=settings.get("identities") or row["slug"],
        is_enabled=row["is_enabled"],
        allow_ips=tuple(settings.get("allow_ips") or ()),
        respond_async=settings.get("respond") == "async",
        return_codes=bool(settings.get("return_codes")),
        counts_spend=bool(settings.get("counts_spend", True)),
        complete_after=str(settings.get("complete_after") or "end"),
        managed_by=row["managed_by"],
        settings=settings,
        credential=sealed["credential"],
    )


def _options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The adapter's own settings; `delivery_id` stands beside them, since every adapter knows it."""
    options = dict(settings.get("options") or {})
    if settings.get("delivery_id"):
        options["delivery_id"] = settings["delivery_id"]
    return options
