"""An access token goes to the address that an account registered, and to nobody else."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import Conflict, Unauthorized
from connector.flows import token_mails
from connector.flows.access import MAILED
from connector.flows.token_mails import AGAIN_AFTER, MOST_KEYS, SCOPES
from connector.store import accounts
from connector.store import keys as key_rows
from tests.flows.post import PostHouse, open_post_house
from tests.kit.deeds import make_sandbox
from tests.kit.house import ACCOUNT, BY_HAND, House

OWNER = "owner@glow.example"


@pytest.fixture
def post(sqlite_url: str, tmp_path: Path) -> Iterator[PostHouse]:
    with open_post_house(tmp_path, sqlite_url) as built:
        register(built.house, OWNER)
        yield built


def register(house: House, address: str, slug: str = ACCOUNT) -> None:
    account = house.gateway.account(slug)
    house.gateway.parts.writer.run(lambda tx: accounts.change(tx, account, {"email": address}))


def ask(house: House, address: str = OWNER) -> int:
    token_mails.ask(house.gateway.parts, address)
    return house.gateway.run_jobs()


def keys(house: House) -> list[str]:
    return [one["id"] for one in house.gateway.list_keys(house.account) if one["name"] == MAILED]


def live(house: House) -> list[str]:
    return [one["id"] for one in house.gateway.list_keys(house.account) if _is_live(one)]


def _is_live(one: dict[str, Any]) -> bool:
    return one["name"] == MAILED and one["revoked_at"] is None


def use(house: House) -> None:
    """As if each that opens anything had been used."""
    now = house.clock.now()
    house.gateway.parts.writer.run(lambda tx: key_rows.note_uses(tx, dict.fromkeys(live(house), now)))


def test_the_token_in_the_mail_opens_the_account_it_was_sent_to(post: PostHouse) -> None:
    """S002-04, S002-05: the address in any case, as people write theirs."""
    assert ask(post.house, " Owner@GLOW.example ") == 1
    assert post.send() == 1

    [mail] = post.box.mails
    assert mail.to == [OWNER] and mail.message["Subject"] == "Your access token for Glow Spa"
    [token] = {*re.findall(r"gck_[\w-]+", mail.part("plain"))}
    found = post.house.gateway.authenticate(token)
    assert (found.account.slug, found.scopes) == (ACCOUNT, SCOPES)
    assert keys(post.house) == [found.key]


def test_the_token_is_kept_by_nobody_once_it_was_sent(post: PostHouse) -> None:
    """Before that it is sealed; no call shows it, and it is not sent a second time."""
    ask(post.house)
    [name] = [one["id"] for one in post.notifications]
    notifications, account = post.house.gateway.notifications, post.house.account
    assert not re.search(r"gck_[\w-]{10}", post.house.everything())
    assert notifications.one(account, name, shows_text=True)["content"] is None

    post.send()

    [row] = post.house.rows("notifications")
    assert (row["state"], row["written_sealed"]) == ("sent", None)
    assert notifications.one(account, name, shows_text=True)["content"] is None
    with pytest.raises(Conflict):
        notifications.retry(account, BY_HAND, name)


def test_nobody_s_address_is_sent_nothing(post: PostHouse) -> None:
    """S002-05."""
    for address in ("stranger@example.com", "", "no address", "owner@glow.example, x@example.com"):
        assert ask(post.house, address) == 1

    assert post.notifications == [] and keys(post.house) == []
    register(post.house, "")
    ask(post.house, "")
    assert post.notifications == []


def test_whoever_asks_again_and_again_fills_no_mailbox(post: PostHouse) -> None:
    for _ in range(3):
        ask(post.house)
    assert len(keys(post.house)) == 1

    for _ in range(MOST_KEYS + 2):
        use(post.house)
        post.house.clock.forward(AGAIN_AFTER)
        ask(post.house)

    use(post.house)
    assert len(live(post.house)) == MOST_KEYS
    post.house.gateway.revoke_key(post.house.account, live(post.house)[0])
    post.house.clock.forward(AGAIN_AFTER + timedelta(seconds=1))
    ask(post.house)
    assert len(post.notifications) == MOST_KEYS + 1


def test_one_that_was_never_used_ends_with_the_next(post: PostHouse) -> None:
    """Else anybody who knows the address could fill the account's share for ever."""
    for _ in range(MOST_KEYS + 2):
        ask(post.house)
        post.house.clock.forward(AGAIN_AFTER)

    assert len(post.notifications) == MOST_KEYS + 2
    assert len(live(post.house)) == 1


def test_what_was_sent_to_an_address_ends_with_it(post: PostHouse) -> None:
    post.house.gateway.directory.create_account(slug="new-shop", email=OWNER)
    ask(post.house)
    post.send()
    tokens = [re.findall(r"gck_[\w-]+", mail.part("plain"))[0] for mail in post.box.mails]
    [token] = [one for one in tokens if post.house.gateway.authenticate(one).account.slug == "new-shop"]
    platform = post.house.gateway.authenticate(post.house.gateway.create_key(None, name="agency")["key"])

    post.house.gateway.directory.change_account(platform, "new-shop", {"email": "thief@example.com"})

    with pytest.raises(Unauthorized):
        post.house.gateway.authenticate(token)


def test_all_that_were_sent_share_one_cap_a_day(post: PostHouse) -> None:
    for _ in range(3):
        ask(post.house)
        use(post.house)
        post.house.clock.forward(AGAIN_AFTER)

    assert len(keys(post.house)) == 3
    assert len({row["root"] for row in post.house.rows("access_keys") if row["name"] == MAILED}) == 1


def test_accounts_with_one_address_are_sent_one_each(post: PostHouse) -> None:
    register(post.house, OWNER, "other-shop")

    ask(post.house)
    post.send()

    tokens = [re.findall(r"gck_[\w-]+", mail.part("plain"))[0] for mail in post.box.mails]
    whose = {post.house.gateway.authenticate(one).account.slug for one in tokens}
    assert whose == {ACCOUNT, "other-shop"}


def test_a_sandbox_is_sent_nothing(post: PostHouse) -> None:
    make_sandbox(post.house)

    assert ask(post.house) == 1

    assert post.notifications == [] and keys(post.house) == []


def test_without_a_mail_server_no_key_is_made(shop: House) -> None:
    register(shop, OWNER)

    assert ask(shop) == 1
    assert keys(shop) == []


def test_a_token_ends_with_its_key(post: PostHouse) -> None:
    ask(post.house)
    post.send()
    [token] = {*re.findall(r"gck_[\w-]+", post.box.mails[0].part("plain"))}

    post.house.gateway.revoke_key(post.house.account, keys(post.house)[0])

    with pytest.raises(Unauthorized):
        post.house.gateway.authenticate(token)
