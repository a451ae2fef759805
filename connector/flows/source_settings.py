"""What a source that is made at run time may be told, and what is wrong with it, by field.

The one rule: a credential is sealed, never shown, and never sent anywhere but where whoever gave it
meant it to go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..adapters.kit import Adapter, faults_of
from ..adapters.lookups import API_URL
from ..domain import money
from ..domain.accounts import Account, InboundSource, is_slug, timezones
from ..domain.card_numbers import mask
from ..domain.errors import BadAmount, FieldError, ValidationFailed
from ..domain.inbound import Source
from ..domain.networks import read_networks
from ..recipes.values import read_duration

KEPT: Final = "\x00"
"""For a credential: the one that it has. No credential is written so."""
MAX_NAME: Final = 200
MAX_SECRETS: Final = 5  # newest, one before, and room for a rotation that goes wrong
MAX_SECRET: Final = 500
MAX_NETWORKS: Final = 100
SETTINGS: Final[Mapping[str, Any]] = {  # and what each is where nobody says
    "allow_ips": [],
    "respond": "now",
    "return_codes": False,
    "delivery_id": None,
    "currency": None,
    "timezone": None,
    "identities": None,
    "counts_spend": True,
    "complete_after": "end",
    "options": {},
}


def require_currency(currency: str | None) -> None:
    """Pass for a currency, and for none."""
    try:
        if currency is not None:
            money.require_currency(currency)
    except BadAmount as fault:
        raise wrong("currency", fault.detail) from fault


def require_timezone(zone: str | None) -> None:
    """Pass for a time zone, and for none."""
    if zone is not None and zone not in timezones():
        raise wrong("timezone", f"{zone[:60]!r} is not a time zone, such as America/New_York")


def read_settings(told: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a source, each well in itself; those that are left out are left as they are."""
    found = dict(told)
    if "options" in found:
        found["options"] = mask(found["options"])
    if "allow_ips" in found:
        if len(found["allow_ips"]) > MAX_NETWORKS:
            raise wrong("allow_ips", f"has more than {MAX_NETWORKS} networks")
        found["allow_ips"] = list(read_networks(found["allow_ips"], "allow_ips"))
    if found.get("respond", "now") not in ("now", "async"):
        raise wrong("respond", "must be one of: now, async")
    require_currency(found.get("currency"))
    require_timezone(found.get("timezone"))
    named = found.get("delivery_id")
    if named is not None and not 0 < len(named) <= MAX_NAME:
        raise wrong("delivery_id", f"must have 1 to {MAX_NAME} characters")
    after = found.get("complete_after")
    if after is not None and after not in ("end", "never") and read_duration(after) is None:
        raise wrong("complete_after", "must be end, never or a duration, such as 90 minutes")
    shared = found.get("identities")
    if shared is not None and not is_slug(shared):
        raise wrong("identities", "must be lower-case letters, digits and inner dashes, at most 63")
    return found


def require_secrets(secrets: Sequence[str], field: str) -> list[str]:
    """The secrets, each well written, none twice, not too many."""
    for one in secrets:
        if not (one.strip() and len(one) <= MAX_SECRET and one.isprintable()):
            raise wrong(field, f"must have 1 to {MAX_SECRET} characters, none of them a control character")
    if not 0 < len(secrets) <= MAX_SECRETS or len(set(secrets)) != len(secrets):
        raise wrong(field, f"must be 1 to {MAX_SECRETS} different ones, newest first")
    return list(secrets)


def require_fit(
    platform: Adapter, account: Account, slug: str, secrets: Sequence[str], settings: Mapping[str, Any]
) -> None:
    """Pass where the adapter finds nothing wrong with such a source, else ValidationFailed with all of it."""
    options = dict(settings.get("options") or {})
    if settings.get("delivery_id"):
        options["delivery_id"] = settings["delivery_id"]
    faults = faults_of(
        platform,
        Source(
            account=account.slug,
            slug=slug,
            adapter=platform.name,
            secrets=tuple(secrets),
            currency=settings.get("currency") or account.currency,
            timezone=settings.get("timezone") or account.timezone,
            country=account.country,
            options=options,
        ),
    )
    errors = []
    for fault in faults:
        key, _, message = fault.partition(":")
        known = key in SETTINGS or key == "secrets"
        errors.append(FieldError(key if known else f"options.{key}", message.strip() or fault))
    if errors:
        raise ValidationFailed(f"{errors[0].field}: {errors[0].message}", errors=errors)


def require_credential(platform: Adapter, credential: str | None) -> str:
    """It, "" where there is none; ValidationFailed where the platform's API is never asked."""
    if credential is None:
        return ""
    if platform.lookup is None:
        raise wrong("credential", f"is of no use: {platform.title}'s API is not asked for anything")
    if not (credential.strip() and len(credential) <= MAX_SECRET and credential.isprintable()):
        raise wrong("credential", f"must have 1 to {MAX_SECRET} characters, none of them a control character")
    return credential


def require_same_place(found: InboundSource, settings: Mapping[str, Any], *, is_kept: bool) -> None:
    """Pass unless a credential that is kept would go elsewhere: who may not read it may not send it out."""
    now, then = ((one.get("options") or {}).get(API_URL) for one in (found.settings, settings))
    if is_kept and found.credential and now != then:
        raise wrong("credential", f"must be given again, since options.{API_URL} is another now")


def wrong(field: str, message: str) -> ValidationFailed:
    """The refusal of one field."""
    return ValidationFailed(f"{field}: {message}", errors=[FieldError(field, message)])
