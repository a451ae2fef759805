"""Accounts and sources made at run time: in force with the next request, those of config.toml left alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Actor
from connector.domain.errors import ManagedByConfig, NotFound, SlugTaken, ValidationFailed
from connector.flows import letter_values, setup
from connector.flows.access import Access
from connector.flows.directory import Directory
from connector.flows.source_settings import MAX_SECRETS
from tests.kit.house import ACCOUNT, House, open_house

PLATFORM = Access(None, "key_platform", ("platform",))


def directory(house: House) -> Directory:
    return house.gateway.directory


def make(house: House, slug: str = "new", adapter: str = "standard", **fields: Any) -> dict[str, Any]:
    """A source of `glow-spa`, its secret known to the house."""
    made = dict(directory(house).create_source(house.account, slug=slug, adapter=adapter, **fields).body)
    house.secrets[slug] = made["secret"]  # type: ignore[index]
    return made


def wrong(error: pytest.ExceptionInfo[ValidationFailed]) -> list[str]:
    return [one.field for one in error.value.errors]


# Accounts


def test_a_new_account_is_there_with_the_next_request(house: House) -> None:
    made = directory(house).create_account(
        slug="new-shop", name="New Shop", currency="EUR", timezone="Europe/Berlin", country="DE"
    )

    numbers = [made.body["business_id"], int(made.body["store_id"])]
    unnumbered = {"id": "", "business_id": 0, "store_id": ""}
    assert (made.status, {**made.body, **unnumbered}) == (
        201,
        {
            **unnumbered,
            "slug": "new-shop",
            "name": "New Shop",
            "currency": "EUR",
            "timezone": "Europe/Berlin",
            "country": "DE",
            "email": None,
            "sandbox": False,
            "color": "",
            "logo_url": "",
            "managed_by": "api",
        },
    )
    assert numbers[0] < 2**31 and 0 < numbers[1] < 2**63
    assert numbers[0] != house.account.business_id and numbers[1] != house.account.store_id
    key = house.gateway.create_key(house.gateway.account("new-shop"), name="till")["key"]
    assert house.gateway.authenticate(key).account.currency == "EUR"


def test_what_is_left_out_is_the_usual(shop: House) -> None:
    made = directory(shop).create_account(slug="x").body

    assert [made[name] for name in ("name", "currency", "timezone", "country", "sandbox")] == [
        *("x", "USD", "UTC", "US"),
        False,
    ]


def test_a_slug_is_taken_once_whoever_has_it(house: House) -> None:
    directory(house).create_account(slug="new-shop")

    for slug in ("new-shop", ACCOUNT):
        with pytest.raises(SlugTaken, match=slug):
            directory(house).create_account(slug=slug)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        *(({"slug": slug}, "slug") for slug in ("", "-a", "a-", "A", "a b", "a" * 64, "a\n", "ü", "a/b")),
        *(({"slug": "a", "currency": one}, "currency") for one in ("usd", "XXX", "", "US")),
        *(({"slug": "a", "timezone": one}, "timezone") for one in ("Mars", "", "EST5", "america/new_york")),
        *(({"slug": "a", "country": one}, "country") for one in ("us", "UK", "", "USA")),
        *(({"slug": "a", "name": one}, "name") for one in (" ", "a" * 201, "a\x00", "a\nb")),
        *(({"slug": "a", "email": one}, "email") for one in ("nobody", "a@b\r\nBcc: c@d", "a b@c.d")),
        *(
            ({"slug": "a", "color": one}, "color")
            for one in ("red", "#2b5", "#2b5d5g", "#2b5d500", "2b5d50", "#2b5d50;x", "#２b5d50")
        ),
        *(
            ({"slug": "a", "logo_url": one}, "logo_url")
            for one in (
                *("http://a.example/x.png", "//a.example/x.png", "javascript:alert(1)", "data:image/png;,x"),
                *(
                    "https://a.example/x y.png",
                    'https://a.example/"x',
                    "https://a.example/<x>",
                    "https://a/'",
                ),
                *("https://u:p@a.example/x.png", "https:///x.png", "https://a.example", "https://ä.example/"),
                "https://a.example/" + "x" * 2_000,
            )
        ),
    ],
)
def test_what_is_wrong_with_an_account_is_named(shop: House, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        directory(shop).create_account(**fields)

    assert wrong(refused) == [field]


def test_name_timezone_and_country_change_and_nothing_else(house: House) -> None:
    directory(house).create_account(slug="new-shop", currency="EUR")
    values = {"name": "Newer", "timezone": "Asia/Tokyo", "country": "JP"}

    changed = directory(house).change_account(PLATFORM, "new-shop", values)

    assert {name: changed.body[name] for name in values} == values
    assert changed.body["currency"] == "EUR"
    assert directory(house).account(PLATFORM, "new-shop") == changed.body
    assert directory(house).change_account(PLATFORM, "new-shop", {}).body == changed.body


def test_an_account_looks_as_it_is_told_part_by_part(house: House) -> None:
    """In its letters and on its cards' pages; an empty text leaves that part to us again."""
    logo = "https://cdn.example.com/logo%20one.png?v=2"
    made = directory(house).create_account(slug="new-shop", color="#AA00ff").body
    assert (made["color"], made["logo_url"]) == ("#aa00ff", "")

    directory(house).change_account(PLATFORM, "new-shop", {"logo_url": logo})

    shown = letter_values.account_values(house.gateway.parts, house.gateway.account("new-shop"))
    assert (shown["color"], shown["logo_url"]) == ("#aa00ff", logo)
    changed = directory(house).change_account(PLATFORM, "new-shop", {"color": ""}).body
    assert (changed["color"], changed["logo_url"]) == ("", logo)
    plain = letter_values.account_values(house.gateway.parts, house.gateway.account("new-shop"))
    assert plain["color"] == letter_values.COLOR


def test_an_account_of_config_toml_is_read_only(shop: House) -> None:
    own = Access(shop.account, "key_1", ("admin",))

    for access in (PLATFORM, own):
        with pytest.raises(ManagedByConfig, match=ACCOUNT):
            directory(shop).change_account(access, ACCOUNT, {"name": "Mine"})
    assert shop.account.name == "Glow Spa"


def test_an_account_s_key_sees_its_own_account_and_no_other(shop: House) -> None:
    own = Access(shop.account, "key_1", ("admin",))

    assert [one["slug"] for one in directory(shop).list_accounts(own, {}).data] == [ACCOUNT]
    assert directory(shop).account(own, ACCOUNT)["slug"] == ACCOUNT
    for slug in ("other-shop", "nobody"):
        with pytest.raises(NotFound):
            directory(shop).account(own, slug)
        with pytest.raises(NotFound):
            directory(shop).owner(own, slug)


def test_a_platform_key_sees_them_all_page_by_page(house: House) -> None:
    for number in range(5):
        directory(house).create_account(slug=f"shop-{number}")
    seen: list[str] = []
    cursor = None
    while True:
        page = directory(house).list_accounts(PLATFORM, {"limit": 2, "cursor": cursor})
        seen += [one["slug"] for one in page.data]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == ["glow-spa", "other-shop", *(f"shop-{number}" for number in range(5))]
    assert [one["slug"] for one in directory(house).every_account()] == seen


def test_a_platform_key_must_say_whose(shop: House) -> None:
    with pytest.raises(ValidationFailed) as refused:
        directory(shop).owner(PLATFORM, None)

    assert wrong(refused) == ["account"]
    with pytest.raises(NotFound):
        directory(shop).owner(PLATFORM, "nobody")
    assert directory(shop).owner(PLATFORM, "other-shop").slug == "other-shop"


def test_config_toml_takes_an_account_of_the_same_name_over(shop: House) -> None:
    directory(shop).create_account(slug="new-shop")
    told = setup.ConfiguredAccount("new-shop", "Told", "USD", "UTC", "US", sandbox=False)

    setup.write(shop.gateway.parts, [told], [])

    assert directory(shop).account(PLATFORM, "new-shop")["managed_by"] == "config"


# Sources


def test_a_new_source_takes_the_next_webhook_here_and_within_a_second_elsewhere(
    database_url: str, tmp_path: Path
) -> None:
    house = open_house(tmp_path, database_url)
    (tmp_path / "beside").mkdir()
    beside = open_house(tmp_path / "beside", database_url, clock=house.clock)
    with pytest.raises(NotFound):
        house.gateway.receive(ACCOUNT, "new", house.told("standard", type="order.paid", id="1"))

    made = make(house, settings={"return_codes": True})
    beside.secrets["new"] = made["secret"]  # type: ignore[index]

    assert house.tell("new", type="order.paid", id="2", email="mia@example.com").status == 200
    assert beside.tell("new", type="order.paid", id="3", email="mia@example.com").status == 200

    directory(house).change_source(house.account, "new", is_enabled=False)
    with pytest.raises(NotFound):
        house.tell("new", type="order.paid", id="4")
    house.clock.forward(timedelta(seconds=1))
    with pytest.raises(NotFound):
        beside.tell("new", type="order.paid", id="5")

    directory(house).change_source(house.account, "new", is_enabled=True)
    assert house.tell("new", type="order.paid", id="6").status == 200
    house.gateway.close()
    beside.gateway.close()


def test_a_source_shows_its_url_and_its_secret_this_once(house: House) -> None:
    made = make(house, adapter="zapier")

    shown = directory(house).source(house.account, "new")

    assert made["url"] == shown["url"] == "https://gifts.example.com/hooks/glow-spa/new"
    assert {**made, "secret": ""} == {**shown, "secret": ""}
    assert made["secret"] not in str(shown) + str(directory(house).list_sources(house.account))
    assert made["secret"] not in house.everything()
    assert (shown["adapter"], shown["is_enabled"], shown["managed_by"]) == ("zapier", True, "api")


def test_a_secret_may_be_the_platform_s_own(house: House) -> None:
    made = make(house, adapter="zapier", secret="the platform's own")

    assert made["secret"] == "the platform's own"


def test_settings_are_kept_and_told(shop: House) -> None:
    told = {
        "allow_ips": ["198.51.100.0/24"],
        "respond": "async",
        "return_codes": True,
        "delivery_id": "data.id",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "identities": "crm",
        "counts_spend": False,
        "complete_after": "90 minutes",
    }
    make(shop, adapter="zapier", settings=told)

    shown = directory(shop).source(shop.account, "new")
    assert {name: shown[name] for name in told} == told

    directory(shop).change_source(shop.account, "new", settings={"currency": None, "return_codes": False})
    changed = directory(shop).source(shop.account, "new")
    assert changed == {**shown, "currency": None, "return_codes": False}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"slug": "Not"}, "slug"),
        ({"adapter": "fax"}, "adapter"),
        ({"secret": ""}, "secret"),
        ({"secret": "  "}, "secret"),
        ({"secret": "a\nb"}, "secret"),
        ({"secret": "a" * 501}, "secret"),
        ({"secret": "not base64!"}, "secrets"),
        ({"settings": {"allow_ips": ["anywhere"]}}, "allow_ips"),
        ({"settings": {"allow_ips": ["10.0.0.0/8"] * 101}}, "allow_ips"),
        ({"settings": {"respond": "later"}}, "respond"),
        ({"settings": {"timezone": "Mars"}}, "timezone"),
        ({"settings": {"currency": "XXX"}}, "currency"),
        ({"settings": {"identities": "No!"}}, "identities"),
        ({"settings": {"delivery_id": ""}}, "delivery_id"),
        ({"settings": {"delivery_id": "a..b"}}, "delivery_id"),
        ({"adapter": "generic", "settings": {"options": {"nonsense": 1}}}, "options.nonsense"),
    ],
)
def test_what_is_wrong_with_a_source_is_named_and_nothing_is_made(
    shop: House, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        directory(shop).create_source(shop.account, **{"slug": "new", "adapter": "standard", **fields})

    assert field in wrong(refused)
    assert not [one for one in directory(shop).list_sources(shop.account) if one["slug"] == "new"]


def test_a_slug_is_taken_once_in_each_account(house: House) -> None:
    make(house)

    for slug in ("new", "calendly"):
        with pytest.raises(SlugTaken):
            directory(house).create_source(house.account, slug=slug, adapter="standard")
    assert directory(house).create_source(house.other, slug="new", adapter="standard").status == 201


def test_a_source_of_config_toml_is_read_only(shop: House) -> None:
    changes: list[dict[str, Any]] = [
        {"rotate": True},
        {"is_enabled": False},
        {"settings": {"respond": "now"}},
    ]
    for change in changes:
        with pytest.raises(ManagedByConfig, match="calendly"):
            directory(shop).change_source(shop.account, "calendly", **change)


def test_another_account_s_source_is_not_there(shop: House) -> None:
    for slug in ("calendly", "nobody"):
        with pytest.raises(NotFound):
            directory(shop).source(shop.other, slug)
        with pytest.raises(NotFound):
            directory(shop).change_source(shop.other, slug, is_enabled=False)


def test_a_secret_rotates_without_a_gap(house: House) -> None:
    """T09: old and new hold until the old one is taken away."""
    old = make(house)["secret"]

    turned = directory(house).change_source(house.account, "new", rotate=True).body
    new = turned["secret"]
    assert new != old
    assert len(turned["secrets"]) == 2
    for number, secret in enumerate((old, new)):
        house.secrets["new"] = secret  # type: ignore[index]
        assert house.tell("new", type="order.paid", id=f"a{number}").status == 200

    told = directory(house).change_source(house.account, "new", secrets=[new]).body
    assert "secret" not in told
    assert house.tell("new", type="order.paid", id="b").status == 200
    house.secrets["new"] = old  # type: ignore[index]
    with pytest.raises(Exception, match="Signature"):
        house.tell("new", type="order.paid", id="c")


def test_no_more_secrets_hold_than_five_and_never_none(shop: House) -> None:
    make(shop)
    for _ in range(MAX_SECRETS - 1):
        directory(shop).change_source(shop.account, "new", rotate=True)

    changes: list[dict[str, Any]] = [{"rotate": True}, {"secrets": []}, {"secrets": ["a", "a"]}]
    for change in changes:
        with pytest.raises(ValidationFailed) as refused:
            directory(shop).change_source(shop.account, "new", **change)
        assert wrong(refused) == ["secrets"]
    assert len(directory(shop).source(shop.account, "new")["secrets"]) == MAX_SECRETS


def test_accounts_and_sources_that_are_made_or_changed_are_in_the_audit_trail(house: House) -> None:
    """T33: who gave the gateway another secret is known; the secret is not told."""
    by = Actor("api", {"key_id": "key_p"})
    there, whoever = directory(house), Access(None, "key_p", ("platform",))
    made = there.create_account(slug="new-shop", by=by).body
    account = house.gateway.account("new-shop")
    there.change_account(whoever, "new-shop", {"name": "Newer"}, by=by)
    source = there.create_source(account, slug="till", adapter="standard", by=by).body
    there.change_source(account, "till", rotate=True, by=by)
    there.change_source(account, "till", is_enabled=False, by=by)

    rows = house.rows("audit")
    assert [(row["act"], row["subject"]) for row in rows] == [
        ("create_account", made["id"]),
        ("change_account", made["id"]),
        ("create_source", "new-shop/till"),
        ("change_source", "new-shop/till"),
        ("change_source", "new-shop/till"),
    ]
    assert {(row["account_id"], row["source"], row["origin"]["key_id"]) for row in rows} == {
        (account.id, "api", "key_p")
    }
    assert [row["details"] for row in rows[3:]] == [
        {"settings": [], "is_enabled": True, "secrets": True},
        {"settings": [], "is_enabled": False},
    ]
    assert source["secret"] not in repr(rows)
