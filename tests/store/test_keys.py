"""Access keys: found by their secret, of which nothing is kept but a digest."""

from datetime import timedelta

from sqlalchemy import text

from connector.domain.accounts import Account
from connector.store import keys
from connector.store.engine import Engines
from connector.store.keys import AccessKey
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

SECRET = "gck_" + "s" * 43


def add(writer: AnyWriter, account: Account, secret: str = SECRET) -> AccessKey:
    expires_at = THE_MOMENT + timedelta(days=1)
    return writer.run(
        lambda tx: keys.add(
            tx,
            account_id=account.id,
            name="till",
            secret=secret,
            scopes=("cards:read", "contacts"),
            expires_at=expires_at,
        )
    )


def test_a_key_is_found_by_its_secret_alone(writer: AnyWriter, engines: Engines, account: Account) -> None:
    made = add(writer, account)

    with engines.reading() as connection:
        assert keys.find(connection, SECRET) == made
        for wrong in ("", SECRET[:-1], SECRET + "s", made.public_id, made.prefix, "\x00", "\ud83d", "ü"):
            assert keys.find(connection, wrong) is None
        row = connection.execute(text("SELECT * FROM access_keys")).mappings().one()
    assert SECRET not in str(dict(row))
    assert (made.prefix, made.scopes, made.revoked_at) == (SECRET[:8], ("cards:read", "contacts"), None)


def test_a_revoked_key_says_so_and_only_its_account_revokes_it(
    writer: AnyWriter, engines: Engines, account: Account, other: Account
) -> None:
    made = add(writer, account)
    later = add(writer, account, SECRET + "2")

    assert not writer.run(lambda tx: keys.revoke(tx, other.id, made.public_id))
    assert not writer.run(lambda tx: keys.revoke(tx, account.id, "key_nobody"))
    assert writer.run(lambda tx: keys.revoke(tx, account.id, made.public_id))

    with engines.reading() as connection:
        found = keys.find(connection, SECRET)
        assert found is not None and found.revoked_at == THE_MOMENT
        assert [one.public_id for one in keys.of_account(connection, account.id)] == [
            made.public_id,
            later.public_id,
        ]
        assert keys.of_account(connection, other.id) == []


def test_a_platform_s_key_is_no_account_s(writer: AnyWriter, engines: Engines, account: Account) -> None:
    own = add(writer, account)
    platform = writer.run(
        lambda tx: keys.add(
            tx, account_id=None, name="agency", secret=SECRET + "3", scopes=("platform",), expires_at=None
        )
    )

    with engines.reading() as connection:
        assert keys.of_account(connection, None) == [platform]
        assert keys.of_account(connection, account.id) == [own]
        assert keys.by_public_id(connection, platform.public_id) == platform
        assert keys.by_public_id(connection, "key_nobody") is None
    assert not writer.run(lambda tx: keys.revoke(tx, None, own.public_id))
    assert not writer.run(lambda tx: keys.revoke(tx, account.id, platform.public_id))
    assert writer.run(lambda tx: keys.revoke(tx, None, platform.public_id))


def test_uses_of_several_keys_are_noted_at_once(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    one, other = add(writer, account), add(writer, account, SECRET + "2")
    later = THE_MOMENT + timedelta(minutes=1)

    writer.run(
        lambda tx: keys.note_uses(tx, {other.public_id: later, one.public_id: THE_MOMENT, "key_x": later})
    )

    with engines.reading() as connection:
        used = [key.last_used_at for key in keys.of_account(connection, account.id)]
    assert used == [THE_MOMENT, later]


def test_who_is_revoked_again_stays_revoked_since_the_first_time(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    made = add(writer, account)
    for _ in range(2):
        assert writer.run(lambda tx: keys.revoke(tx, account.id, made.public_id))

    with engines.reading() as connection:
        found = keys.by_public_id(connection, made.public_id)
    assert found is not None and found.revoked_at == THE_MOMENT


def test_an_allowlist_is_kept(writer: AnyWriter, engines: Engines, account: Account) -> None:
    made = writer.run(
        lambda tx: keys.add(
            tx,
            account_id=account.id,
            name="till",
            secret=SECRET,
            scopes=("admin",),
            expires_at=None,
            allow_ips=("10.0.0.0/8",),
        )
    )

    with engines.reading() as connection:
        assert keys.find(connection, SECRET) == made
    assert made.allow_ips == ("10.0.0.0/8",)
