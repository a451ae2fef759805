"""Accounts and sources as the rooms hand them on."""

from datetime import timedelta

from connector.domain.accounts import Account, Actor, InboundSource, is_slug, timezones
from connector.domain.cards import SOURCES
from connector.domain.inbound import Source

GLOW = Account(1, "acct_1", "glow-spa", "Glow Spa", "USD", "America/New_York", "US", sandbox=False)


def test_an_accounts_clock_is_right_unless_a_sandbox_moved_it() -> None:
    assert GLOW.clock_offset == timedelta(0)


def test_a_source_answers_at_once_shows_no_code_and_counts_unless_it_says_otherwise() -> None:
    source = Source("glow-spa", "calendly", "calendly", [], "USD", "America/New_York", "US")
    inbound = InboundSource(1, GLOW, source, namespace="calendly")
    assert inbound.is_enabled
    assert inbound.counts_spend
    assert not inbound.respond_async
    assert not inbound.return_codes
    assert inbound.allow_ips == ()


def test_who_acts_without_an_origin_has_an_empty_one_of_its_own() -> None:
    one, other = Actor(SOURCES[0]), Actor(SOURCES[0])
    assert one.origin == {}
    assert one.origin is not other.origin


def test_a_slug_can_stand_in_a_url() -> None:
    assert all(is_slug(text) for text in ("a", "0", "glow-spa", "a" * 63, "a--b"))
    for text in ("", "-", "-a", "a-", "A", "a_b", "a b", "a" * 64, "a\n", "é", "a.b", "a/b"):
        assert not is_slug(text), text


def test_time_zones_are_those_of_iana() -> None:
    assert {"UTC", "America/New_York", "Asia/Tokyo"} <= timezones()
    assert "Mars" not in timezones()
