"""Sources by REST: made, shown without secrets, changed, turned off."""

from typing import Any

import pytest

from tests.kit.house import OTHER
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/sources"


@pytest.fixture
def key(door: Door) -> str:
    return door.house.key("admin")


@pytest.fixture
def quick_key(quick_door: Door) -> str:
    return quick_door.house.key("admin")


def post(door: Door, secret: str, slug: str = "crm", number: int = 1) -> int:
    return door.post(
        f"/hooks/glow-spa/{slug}",
        body={"type": "order.paid", "id": f"o{number}", "email": "mia@example.com"},
        headers={"Authorization": f"Bearer {secret}"},
    ).status_code


def test_a_source_takes_webhooks_from_its_making_to_its_end(door: Door, key: str) -> None:
    made = door.post(PATH, key=key, body={"slug": "crm", "adapter": "zapier", "return_codes": True})
    assert made.status_code == 201, made.text
    source = made.get_json()
    assert source["url"] == "https://gifts.example.com/hooks/glow-spa/crm"
    assert post(door, source["secret"]) == 200

    turned = door.call("PATCH", f"{PATH}/crm", key=key, body={"rotate": True}).get_json()
    assert [post(door, one, number=n) for n, one in enumerate((source["secret"], turned["secret"]), 2)] == [
        200,
        200,
    ]
    door.call("PATCH", f"{PATH}/crm", key=key, body={"secrets": [turned["secret"]]})
    assert [post(door, one, number=n) for n, one in enumerate((source["secret"], turned["secret"]), 4)] == [
        401,
        200,
    ]

    gone = door.call("DELETE", f"{PATH}/crm", key=key)
    assert (gone.status_code, gone.data) == (204, b"")
    assert post(door, turned["secret"], number=6) == 404
    assert door.get(f"{PATH}/crm", key=key).get_json()["is_enabled"] is False

    door.call("PATCH", f"{PATH}/crm", key=key, body={"is_enabled": True})
    assert post(door, turned["secret"], number=7) == 200


def test_no_secret_is_shown_but_by_what_made_it(door: Door, key: str) -> None:
    made = door.post(PATH, key=key, body={"slug": "crm", "adapter": "zapier"}).get_json()
    shown = door.get(f"{PATH}/crm", key=key)
    listed = door.get(PATH, key=key, query="limit=250")

    assert made["secret"] not in shown.text + listed.text
    assert shown.get_json() in listed.get_json()["data"]
    assert not [secret for secret in door.house.secrets.values() if secret in listed.text]
    assert made.pop("secret")
    assert made == shown.get_json()


def test_the_list_goes_on_page_by_page(quick_door: Door, quick_key: str) -> None:
    seen: list[str] = []
    query = "limit=2"
    while query:
        page = quick_door.get(PATH, key=quick_key, query=query).get_json()
        seen += [one["slug"] for one in page["data"]]
        query = f"limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""

    assert seen == sorted(quick_door.house.sources)


def test_a_platform_key_names_the_account_and_an_admin_may(door: Door) -> None:
    platform = door.house.gateway.create_key(None, name="agency")["key"]
    body = {"account": OTHER, "slug": "crm", "adapter": "zapier"}
    assert door.post(PATH, key=platform, body=body).status_code == 201

    own = door.house.key("admin", account=OTHER)
    for asker, query in ((platform, f"account={OTHER}"), (own, f"account={OTHER}"), (own, "")):
        assert [one["slug"] for one in door.get(PATH, key=asker, query=query).get_json()["data"]] == ["crm"]
        assert door.get(f"{PATH}/crm", key=asker, query=query).status_code == 200
    assert list(wrong_fields(door.get(PATH, key=platform))) == ["account"]
    gone = door.call("DELETE", f"{PATH}/crm", key=platform, query=f"account={OTHER}")
    assert gone.status_code == 204


def test_another_account_s_sources_are_not_there(quick_door: Door, quick_key: str) -> None:
    """T31: named or not, as if there were no such account."""
    theirs = quick_door.house.key("admin", account=OTHER)
    quick_door.post(PATH, key=theirs, body={"slug": "crm", "adapter": "zapier"})

    for account in (OTHER, "nobody"):
        for method, path, body, query in (
            ("POST", PATH, {"account": account, "slug": "x", "adapter": "zapier"}, ""),
            ("GET", PATH, None, f"account={account}"),
            ("GET", f"{PATH}/crm", None, f"account={account}"),
            ("PATCH", f"{PATH}/crm", {"account": account, "rotate": True}, ""),
            ("DELETE", f"{PATH}/crm", None, f"account={account}"),
        ):
            answer = quick_door.call(method, path, key=quick_key, body=body, query=query)
            assert refusal(answer) == (404, "not_found"), (method, account)
    for method in ("GET", "PATCH", "DELETE"):
        answer = quick_door.call(method, f"{PATH}/crm", key=quick_key, body={} if method == "PATCH" else None)
        assert refusal(answer) == (404, "not_found")
    assert quick_door.get(f"{PATH}/crm", key=theirs).get_json()["is_enabled"] is True


def test_a_source_of_config_toml_is_read_only(quick_door: Door, quick_key: str) -> None:
    for method, body in (("PATCH", {"rotate": True}), ("DELETE", None)):
        answer = quick_door.call(method, f"{PATH}/calendly", key=quick_key, body=body)
        assert refusal(answer) == (409, "managed_by_config")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"adapter": "zapier"}, "slug"),
        ({"slug": "crm"}, "adapter"),
        ({"slug": "crm", "adapter": "fax"}, "adapter"),
        ({"slug": "Crm", "adapter": "zapier"}, "slug"),
        ({"slug": "crm", "adapter": "zapier", "respond": "later"}, "respond"),
        ({"slug": "crm", "adapter": "zapier", "allow_ips": ["x"]}, "allow_ips"),
        ({"slug": "crm", "adapter": "zapier", "allow_ips": "10.0.0.0/8"}, "allow_ips"),
        ({"slug": "crm", "adapter": "zapier", "secrets": ["a"]}, "secrets"),
        ({"slug": "crm", "adapter": "zapier", "managed_by": "config"}, "managed_by"),
        ({"slug": "crm", "adapter": "standard", "secret": "not base64!"}, "secrets"),
        ({"slug": "crm", "adapter": "generic", "options": {"nonsense": 1}}, "options.nonsense"),
    ],
)
def test_what_is_wrong_is_named(quick_door: Door, quick_key: str, body: dict[str, Any], field: str) -> None:
    answer = quick_door.post(PATH, key=quick_key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert field in wrong_fields(answer)


def test_an_unknown_parameter_is_refused(quick_door: Door, quick_key: str) -> None:
    assert refusal(quick_door.get(PATH, key=quick_key, query="who=me")) == (400, "bad_request")
    answer = quick_door.call("DELETE", f"{PATH}/crm", key=quick_key, query="who=me")
    assert refusal(answer) == (400, "bad_request")
