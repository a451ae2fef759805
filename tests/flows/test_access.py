"""Keys: shown once, kept as digests, refused alike whatever is wrong with them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.accounts import Account
from connector.domain.errors import MissingScope, NotFound, Unauthorized, ValidationFailed
from connector.flows.access import DEFAULT_SCOPES, MAILED
from connector.web.access import actor
from tests.kit.crowd import at_once
from tests.kit.house import House


def test_a_key_opens_its_own_account_with_its_own_scopes(house: House) -> None:
    made = house.gateway.create_key(house.other, name="till", scopes=["cards:read"])

    access = house.gateway.authenticate(made["key"])

    assert (access.account.slug, access.key, access.scopes) == ("other-shop", made["id"], ("cards:read",))


def test_a_key_is_shown_once_and_kept_as_a_digest(house: House) -> None:
    made = house.gateway.create_key(house.account, name="till")

    [listed] = house.gateway.list_keys(house.account)

    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert made["key"].startswith(listed["prefix"])
    assert made["key"] not in house.everything()
    assert house.gateway.list_keys(house.other) == []


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(house: House) -> None:
    gateway, account = house.gateway, house.account
    ends_at = house.clock.now() + timedelta(hours=1)
    expired = gateway.create_key(account, name="short", expires_at=ends_at)["key"]
    revoked = gateway.create_key(account, name="lost")
    gateway.revoke_key(account, revoked["id"])
    good = gateway.create_key(account, name="good")["key"]
    house.clock.forward(timedelta(hours=1))

    told = set()
    for secret in (expired, revoked["key"], "gck_unknown", "", good[:-1], good + "x", "\ud800", "é\x00"):
        with pytest.raises(Unauthorized) as refusal:
            gateway.authenticate(secret)
        told.add((refusal.value.code, refusal.value.detail))

    assert len(told) == 1
    assert gateway.authenticate(good).account.slug == "glow-spa"


def test_a_key_is_good_until_the_moment_it_ends(shop: House) -> None:
    ends_at = shop.clock.now() + timedelta(hours=1)
    secret = shop.gateway.create_key(shop.account, name="short", expires_at=ends_at)["key"]
    shop.clock.forward(timedelta(hours=1) - timedelta(microseconds=1))

    assert shop.gateway.authenticate(secret).key


def test_a_revoked_key_is_refused_from_the_next_request_on(house: House) -> None:
    made = house.gateway.create_key(house.account, name="till")
    house.gateway.authenticate(made["key"])

    house.gateway.revoke_key(house.account, made["id"])

    with pytest.raises(Unauthorized):
        house.gateway.authenticate(made["key"])
    assert house.gateway.list_keys(house.account)[0]["revoked_at"] is not None


def test_another_accounts_key_cannot_be_revoked(house: House) -> None:
    made = house.gateway.create_key(house.account, name="till")

    with pytest.raises(NotFound):
        house.gateway.revoke_key(house.other, made["id"])
    with pytest.raises(NotFound):
        house.gateway.revoke_key(house.account, "key_nobody")

    assert house.gateway.authenticate(made["key"])


def test_scopes_are_demanded_by_name_and_admin_has_them_all(shop: House) -> None:
    narrow = shop.gateway.authenticate(shop.key("cards:read"))
    admin = shop.gateway.authenticate(shop.key("admin"))

    narrow.require("cards:read")
    admin.require("webhooks")
    with pytest.raises(MissingScope, match=r"cards:write.*cards:read"):
        narrow.require("cards:write")


def test_without_scopes_a_key_has_the_usual_ones(shop: House) -> None:
    made = shop.gateway.create_key(shop.account, name="till", scopes=[])

    assert tuple(made["scopes"]) == DEFAULT_SCOPES
    assert "admin" not in DEFAULT_SCOPES


def test_a_scope_named_twice_is_there_once(shop: House) -> None:
    made = shop.gateway.create_key(shop.account, name="till", scopes=["contacts", "contacts"])

    assert made["scopes"] == ["contacts"]


def test_a_key_is_not_made_with_an_unknown_scope_or_an_end_in_the_past(shop: House) -> None:
    with pytest.raises(ValidationFailed, match="cards:red") as scope:
        shop.gateway.create_key(shop.account, name="x", scopes=["cards:red"])
    with pytest.raises(ValidationFailed) as past:
        shop.gateway.create_key(shop.account, name="x", expires_at=shop.clock.now())

    assert [scope.value.errors[0].field, past.value.errors[0].field] == ["scopes", "expires_at"]
    assert shop.gateway.list_keys(shop.account) == []


def test_a_given_secret_makes_the_same_key_each_time_and_for_one_account_only(house: House) -> None:
    made = house.gateway.create_key(house.account, name="demo", secret="gck_given")

    again = house.gateway.create_key(house.account, name="demo", secret="gck_given")

    assert again == made
    with pytest.raises(ValidationFailed):
        house.gateway.create_key(house.other, name="demo", secret="gck_given")
    assert house.gateway.list_keys(house.other) == []


# Keys that keys make


def minted(
    house: House, maker: dict[str, Any], *scopes: str, account: Account | None = None
) -> dict[str, Any]:
    """A key that another key has made through the door."""
    by = actor(house.gateway.authenticate(maker["key"]), "api")
    return dict(
        house.gateway.directory.make_key(account or house.account, name="m", scopes=scopes, by=by).body
    )


def is_good(house: House, made: dict[str, Any]) -> bool:
    try:
        house.gateway.authenticate(made["key"])
    except Unauthorized:
        return False
    return True


def test_a_key_says_which_key_made_it_and_where_the_line_begins(house: House) -> None:
    first = house.gateway.create_key(house.account, name="a", scopes=["admin"])
    second = minted(house, first, "admin")
    third = minted(house, second, "cards:write")

    assert [one["made_by"] for one in (first, second, third)] == [None, first["id"], second["id"]]
    roots = {house.gateway.authenticate(one["key"]).root for one in (first, second, third)}
    assert roots == {first["id"]}


def test_with_a_key_end_those_that_it_made_and_no_others(house: House) -> None:
    """T33: who stole an admin's key may have made some before anybody saw it."""
    stolen = house.gateway.create_key(house.account, name="a", scopes=["admin"])
    other = house.gateway.create_key(house.account, name="b", scopes=["admin"])
    second = minted(house, stolen, "admin")
    third, beside = minted(house, second, "admin"), minted(house, other, "cards:read")

    house.gateway.revoke_key(house.account, stolen["id"])

    assert [is_good(house, one) for one in (stolen, second, third, other, beside)] == [
        *(False, False, False),
        *(True, True),
    ]
    ended = house.rows("audit", act="revoke_key")
    assert [row["subject"] for row in ended] == [stolen["id"], second["id"], third["id"]]


def test_a_key_that_is_only_changed_leaves_what_it_made(house: House) -> None:
    first = house.gateway.create_key(house.account, name="a", scopes=["admin"])
    second = minted(house, first, "admin")

    house.gateway.revoke_key(house.account, first["id"], keep_minted=True)

    assert (is_good(house, first), is_good(house, second)) == (False, True)
    house.gateway.revoke_key(house.account, first["id"])
    assert not is_good(house, second), "said again, it takes them along after all"


def test_the_keys_that_a_platform_key_made_end_with_it_in_every_account(house: House) -> None:
    platform = house.gateway.create_key(None, name="p")
    ours, theirs = minted(house, platform, "admin"), minted(house, platform, "admin", account=house.other)

    house.gateway.revoke_key(None, platform["id"])

    assert [is_good(house, one) for one in (platform, ours, theirs)] == [False] * 3


def test_a_key_outlives_none_that_made_it_and_is_good_from_no_more_places(house: House) -> None:
    """T33: a contractor's admin for a day, from one network, leaves nothing behind."""
    tomorrow = house.clock.now() + timedelta(days=1)
    networks = ["10.1.0.0/16", "2001:db8::/32"]
    lent = house.gateway.create_key(
        house.account, name="a", scopes=["admin"], expires_at=tomorrow, allow_ips=networks
    )
    by = actor(house.gateway.authenticate(lent["key"], "10.1.2.3"), "api")

    def make(**fields: Any) -> Mapping[str, Any]:
        return house.gateway.directory.make_key(house.account, name="m", by=by, **fields).body

    plain = make()
    assert (plain["expires_at"], plain["allow_ips"]) == (lent["expires_at"], networks)
    within = make(expires_at=tomorrow - timedelta(hours=1), allow_ips=["10.1.7.0/24", "2001:db8::1"])
    assert within["allow_ips"] == ["10.1.7.0/24", "2001:db8::1/128"]
    for wrong in (
        {"expires_at": tomorrow + timedelta(seconds=1)},
        {"allow_ips": ["10.1.7.0/24", "10.2.0.0/24"]},
        {"allow_ips": ["10.0.0.0/8"]},
        {"allow_ips": ["::/0"]},
    ):
        with pytest.raises(ValidationFailed):
            make(**wrong)
    assert len(house.gateway.list_keys(house.account)) == 3


def test_a_platform_keys_end_is_not_that_of_the_accounts_keys(house: House) -> None:
    """It makes the keys that tills have for years, from wherever they stand."""
    tomorrow = house.clock.now() + timedelta(days=1)
    platform = house.gateway.create_key(None, name="p", expires_at=tomorrow, allow_ips=["10.1.0.0/16"])
    by = actor(house.gateway.authenticate(platform["key"], "10.1.2.3"), "api")

    made = house.gateway.directory.make_key(house.account, name="till", by=by).body

    assert (made["expires_at"], made["allow_ips"]) == (None, [])


def test_no_key_is_called_as_those_that_are_sent_by_e_mail(house: House) -> None:
    for name in (MAILED, f" {MAILED} "):
        with pytest.raises(ValidationFailed, match="sent by e-mail"):
            house.gateway.create_key(house.account, name=name)


def test_a_key_that_ended_since_the_door_asked_makes_none(house: House) -> None:
    stolen = house.gateway.create_key(house.account, name="a", scopes=["admin"])
    by = actor(house.gateway.authenticate(stolen["key"]), "api")
    house.gateway.revoke_key(house.account, stolen["id"])

    with pytest.raises(Unauthorized):
        house.gateway.directory.make_key(house.account, name="m", by=by)

    assert [one["id"] for one in house.gateway.list_keys(house.account)] == [stolen["id"]]


def test_whoever_mints_while_the_key_is_revoked_ends_with_it_or_makes_nothing(house: House) -> None:
    """T33: no key slips out between the look and the end of it."""
    stolen = house.gateway.create_key(house.account, name="a", scopes=["admin"])
    by = actor(house.gateway.authenticate(stolen["key"]), "api")

    def mint() -> None:
        house.gateway.directory.make_key(house.account, name="m", by=by)

    ended = at_once([*[mint] * 6, lambda: house.gateway.revoke_key(house.account, stolen["id"])])

    assert {type(one.error) for one in ended} <= {type(None), Unauthorized}
    assert all(key["revoked_at"] for key in house.gateway.list_keys(house.account))


def test_each_key_that_is_made_or_revoked_is_in_the_audit_trail(house: House) -> None:
    """T33: a platform key can make any account's admin, and is seen to."""
    platform = house.gateway.create_key(None, name="p")
    made = minted(house, platform, "admin")
    by = actor(house.gateway.authenticate(platform["key"]), "api")
    house.gateway.revoke_key(house.account, made["id"], by=by)

    first, second, third = house.rows("audit")

    assert (first["account_id"], first["subject"], first["act"]) == (None, platform["id"], "create_key")
    assert (second["account_id"], second["subject"], second["source"]) == (
        house.account.id,
        made["id"],
        "api",
    )
    assert (second["origin"], second["details"]) == ({"key_id": platform["id"]}, {"scopes": ["admin"]})
    assert (third["act"], third["subject"], third["origin"]) == (
        *("revoke_key", made["id"]),
        {"key_id": platform["id"]},
    )
    assert made["key"] not in house.everything()
