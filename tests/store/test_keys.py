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
