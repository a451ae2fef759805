"""What the settings' parts become: the values that rooms take, and nothing that shows a secret."""

import pytest

from connector import values
from connector.config import (
    AccountSettings,
    EmailSettings,
    ExchangeRates,
    RateSetting,
    SmsSettings,
    SourceSettings,
)
from connector.config.secret import Secret
from connector.domain.errors import CurrencyMismatch
from connector.domain.money import Money
from connector.flows.limits import Rate
from connector.outside.sms import TWILIO, TextHook, TwilioAccount

SPA = AccountSettings(slug="spa", currency="USD")


def test_an_account_without_a_name_is_called_by_its_slug() -> None:
    assert values.account_of(SPA).name == "spa"
    assert values.account_of(SPA.model_copy(update={"told_name": "The Spa"})).name == "The Spa"


def test_a_source_keeps_its_secrets_apart_from_what_anybody_may_read() -> None:
    source = SourceSettings(
        account="spa", slug="in", adapter="zapier", secrets=(Secret("s" * 32),), credential=Secret("c" * 32)
    )

    made = values.source_of(source)

    assert (list(made.secrets), made.credential) == (["s" * 32], "c" * 32)
    assert "ssss" not in repr(made) and "cccc" not in repr(made)
    assert not {"secrets", "credential"} & set(made.settings)


def test_an_adapter_says_what_is_wrong_with_a_source_and_one_that_is_none_says_nothing() -> None:
    source = SourceSettings(account="spa", slug="in", adapter="zapier", delivery_id="no..path")

    [fault] = values.source_faults(source, SPA)

    assert fault.startswith("delivery_id: ")
    assert values.source_faults(source.model_copy(update={"adapter": "nobody"}), SPA) == []


def test_nothing_that_is_off_becomes_a_sender() -> None:
    assert values.mail_of(EmailSettings()) is None
    assert values.texts_of(SmsSettings()) is None
    assert values.rate_of(None) is None


def test_texts_go_by_a_hook_of_ones_own_or_by_twilio_at_its_usual_address() -> None:
    hook = SmsSettings.model_validate(
        {"adapter": "webhook", "url": "https://texts.example.com", "secret": "s3cret"}
    )
    twilio = SmsSettings.model_validate(
        {"adapter": "twilio", "from": "+15550100", "account_sid": "AC1", "auth_token": "token"}
    )

    assert values.texts_of(hook) == TextHook("https://texts.example.com", "s3cret", "")
    assert values.texts_of(twilio) == TwilioAccount("AC1", "token", "+15550100", TWILIO)


def test_rates_are_those_that_were_told_and_none_without_a_base() -> None:
    told = ExchangeRates.model_validate({"base": "USD", "EUR": "0.50"})

    assert values.rates_of(told).convert(Money(1000, "USD"), "EUR").money == Money(500, "EUR")
    assert values.rate_of(RateSetting(3, 60)) == Rate(3, 60)
    with pytest.raises(CurrencyMismatch):
        values.rates_of(ExchangeRates()).convert(Money(1000, "USD"), "EUR")
