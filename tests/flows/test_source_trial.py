"""What stands in a source's way is said before anything is posted, and what an answer means after it."""

import dataclasses

import pytest

from connector.adapters import registry
from connector.domain.errors import NotFound, ValidationFailed
from connector.domain.jsontext import dumps
from connector.flows.source_trial import Trial, judge, prepare
from tests.kit.house import ACCOUNT, PUBLIC_URL, House

LOCAL = "http://127.0.0.1:8080"


def tried(house: House, slug: str, event: str | None = None) -> Trial:
    return prepare(house.gateway.parts, ACCOUNT, slug, event)


def test_every_adapter_s_source_is_ready_and_its_sample_amounts_to_what_it_says(shop: House) -> None:
    for slug, adapter in registry.adapters().items():
        trial = tried(shop, slug)

        assert trial.obstacles == (), slug
        assert trial.sample.event_type in trial.becomes, slug
        assert trial.post.url == f"{PUBLIC_URL}/hooks/{ACCOUNT}/{slug}"
        assert set(trial.bare.headers) == {"content-type"}
        assert trial.sample in adapter.samples.values()


def test_the_sample_is_one_that_a_recipe_listens_for_else_the_first(shop: House) -> None:
    assert tried(shop, "calendly").sample.event_type == "booking.created"
    assert tried(shop, "calendly").remarks == ()
    [remark] = tried(shop, "stripe").remarks
    assert remark.startswith("No live recipe listens for payment.succeeded from here")
    assert tried(shop, "calendly", "invitee.canceled").sample.event_type == "booking.cancelled"


def test_a_second_trial_is_another_booking(shop: House) -> None:
    assert tried(shop, "calendly").post.body != tried(shop, "calendly").post.body


def test_what_is_missing_is_said(shop: House) -> None:
    shop.gateway.directory.change_source(shop.account, "crm", is_enabled=False)
    assert tried(shop, "crm").obstacles == ("It is disabled: every delivery is answered 404.",)
    assert any("leaves things out" in one for one in tried(shop, "acuity").remarks)


@pytest.fixture
def shop(shop: House) -> House:
    shop.gateway.directory.create_source(shop.account, slug="crm", adapter="zapier")
    return shop


def test_a_gateway_that_no_platform_can_reach_is_noted(shop: House) -> None:
    for url, is_noted in ((LOCAL, True), ("http://localhost:8080/", True), ("http://10.1.2.3", True)):
        parts = dataclasses.replace(shop.gateway.parts, public_url=url)
        remarks = prepare(parts, ACCOUNT, "calendly", None).remarks
        assert any("No platform can reach" in one for one in remarks) == is_noted, url


@pytest.mark.parametrize(
    ("status", "body", "is_bare", "is_ok", "said"),
    [
        (200, b'{"status": "processed"}', False, True, "took it: processed"),
        (200, b"", False, True, "took it: taken"),
        (202, b'{"status": "accepted"}', False, True, "accepted"),
        (200, b'{"status": "rejected", "detail": "looked for `type`"}', False, False, "looked for `type`"),
        (422, b'{"detail": "looked for `id`"}', False, False, "looked for `id`"),
        (401, b'{"title": "x"}', False, False, "another secret"),
        (401, b'{"title": "x"}', True, True, "refuses what is not signed"),
        (200, b"{}", True, False, "nobody had signed"),
        (403, b"{}", False, False, "allow_ips"),
        (403, b"{}", True, False, "allow_ips"),
        (404, b"{}", True, False, "does not know the source"),
        (503, b"{}", False, False, "too busy"),
        (429, b"", False, False, "too busy"),
        (500, b"<html>", False, False, "does not say why"),
        (413, b'["no object"]', False, False, "does not say why"),
    ],
)
def test_an_answer_is_told_in_a_sentence(
    status: int, body: bytes, is_bare: bool, is_ok: bool, said: str
) -> None:
    verdict = judge(status, body, is_bare=is_bare)

    assert verdict.is_ok == is_ok
    assert said in verdict.means


def test_what_is_not_there_cannot_be_tried(shop: House) -> None:
    with pytest.raises(NotFound):
        tried(shop, "nowhere")
    with pytest.raises(ValidationFailed):
        tried(shop, "calendly", "order.paid")


def test_a_trial_s_words_hold_no_secret(shop: House) -> None:
    for slug in registry.adapters():
        told = tried(shop, slug)
        words = dumps({"all": [*told.obstacles, *told.remarks]})
        assert not [secret for secret in shop.secrets.values() if secret in words]
