"""What the parts of the settings are to the rooms: plain values.

The one rule: nothing is opened, read or written here.
"""

from . import config
from .adapters import registry as adapter_registry
from .adapters.kit import faults_of
from .config import AccountSettings, SourceSettings
from .domain.inbound import Source
from .domain.rates import NO_RATES, Rates
from .flows import setup
from .flows.limits import Rate
from .outside.sms import TWILIO, TextHook, TwilioAccount
from .outside.smtp import MailServer


def rates_of(told: config.ExchangeRates) -> Rates:
    """The configured rates; without a base nothing can be converted."""
    return NO_RATES if told.base is None else Rates(told.base, told.rates)


def rate_of(told: config.RateSetting | None) -> Rate | None:
    """The configured rate; None: no limit."""
    return None if told is None else Rate(told.count, told.period_s)


def texts_of(told: config.SmsSettings) -> TwilioAccount | TextHook | None:
    """How text messages go; None: they do not."""
    if told.adapter == "webhook":
        return TextHook(told.url, str(told.secret), told.sender)
    if told.adapter == "twilio":
        return TwilioAccount(told.account_sid, str(told.auth_token), told.sender, told.url or TWILIO)
    return None


def mail_of(told: config.EmailSettings) -> MailServer | None:
    """Where e-mail is handed in; None: nowhere."""
    if not told.smtp_url:
        return None
    url, is_plain = str(told.smtp_url), told.dangerous_plain
    return MailServer(url, told.sender, told.reply_to, told.ca_file, may_be_plain=is_plain)


def account_of(one: AccountSettings) -> setup.ConfiguredAccount:
    """An account as its row will have it."""
    return setup.ConfiguredAccount(
        slug=one.slug,
        name=one.name or one.slug,
        currency=one.currency,
        timezone=one.timezone,
        country=one.country,
        sandbox=one.sandbox,
        brand={"color": one.color, "logo_url": one.logo_url},
        email=one.email,
    )


def source_of(one: SourceSettings) -> setup.ConfiguredSource:
    """A source as its row will have it."""
    return setup.ConfiguredSource(
        account=one.account,
        slug=one.slug,
        adapter=one.adapter,
        secrets=[str(secret) for secret in one.secrets],
        settings=one.kept,
        credential=str(one.credential or ""),
    )


def source_faults(one: SourceSettings, account: AccountSettings) -> list[str]:
    """What its adapter finds wrong with a source, each `key: what is wrong`."""
    adapter = adapter_registry.adapters().get(one.adapter)
    if adapter is None:
        return []
    options = dict(one.options)
    if one.delivery_id:
        options["delivery_id"] = one.delivery_id
    seen = Source(
        account=account.slug,
        slug=one.slug,
        adapter=one.adapter,
        secrets=[str(secret) for secret in one.secrets],
        currency=one.currency or account.currency,
        timezone=one.timezone or account.timezone,
        country=account.country,
        options=options,
    )
    return faults_of(adapter, seen)
