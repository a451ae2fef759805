"""The types of configuration's keys: each is a reader that takes what TOML gave, or says how to write it."""

import math
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo

from ..domain.accounts import is_logo
from ..domain.contacts import normal_email
from ..domain.mailboxes import read_mailbox
from ..domain.sealing import KEY_BYTES, read_key
from .grammar import (
    Listen,
    Rate,
    read_cap,
    read_complete_after,
    read_country,
    read_currency,
    read_exchange_rate,
    read_listen,
    read_network,
    read_public_url,
    read_rate,
    read_slug,
    read_timezone,
)
from .secret import Secret, read_secret, surroundings_of
from .urls import read_database_url, read_limit_store, read_smtp_url

MAX_KEYS: Final = 10  # each look-up of a code tries every key of the ring
MAX_SECRETS: Final = 5  # newest, one before, and room for a rotation that goes wrong
MAX_NETWORKS: Final = 1_000
MAX_TEXT: Final = 200
MAX_DAYS: Final = 36_500
MAX_DEPTH: Final = 8  # of an adapter's own options


def read_path(value: object, info: ValidationInfo) -> Path:
    """A path, made whole from the configuration file's folder."""
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise ValueError("write a path in quotes")
    return Path.cwd() / surroundings_of(info).folder / value


def _read_folder(value: object, info: ValidationInfo) -> Path:
    path = read_path(value, info)
    # A default comes as a Path: where nobody named a folder, a missing one is only a warning.
    if isinstance(value, str) and not path.is_dir():
        raise ValueError(f"there is no folder {path}")
    return path


def _read_folder_or_none(value: object, info: ValidationInfo) -> Path | None:
    return None if value is None else _read_folder(value, info)


def _read_color(value: object) -> str:
    if not isinstance(value, str) or (value and not re.fullmatch(r"#[0-9a-fA-F]{6}", value)):
        raise ValueError('write a colour as "#2b5d50"')
    return value.lower()


def _read_logo(value: object) -> str:
    if not isinstance(value, str) or (value and not is_logo(value)):
        raise ValueError('write the address of a picture, such as "https://example.com/logo.png"')
    return value


def _read_email_address(value: object) -> str:
    address = "" if value == "" else normal_email(value)
    if address is None:
        raise ValueError("write an e-mail address, such as owner@example.com")
    return address


def _read_sender(value: object) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"write text in quotes, at most {MAX_TEXT} characters")
    read_mailbox(value)
    return value


def _read_ca_file(value: object, info: ValidationInfo) -> str:
    if value == "":
        return ""
    path = read_path(value, info)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ValueError(f"{path} cannot be read: {fault.strerror}") from fault
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ValueError(f"{path} holds no certificate in PEM form")
    return str(path)


def _read_ring_key(value: object, info: ValidationInfo) -> bytes:
    if isinstance(value, bytes):
        return value
    text = read_secret(value, info)
    try:
        return read_key(text)
    except ValueError as fault:
        # `from None`, and our own words: a decoder's error may carry what it could not decode.
        reason = str(fault) if "bytes" in str(fault) else "not base64"
        raise ValueError(f"a key is {KEY_BYTES} bytes in base64; this is {reason}") from None


def _require_some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Asked after the items, so that a list of faulty ones is not called empty besides."""
    if not values:
        raise ValueError("at least one is needed")
    return values


def _require_different(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise ValueError("the same one stands here twice")
    return values


def _or_none(reader: Any) -> Any:
    return lambda value: None if value is None else reader(value)


def _read_secret_or_none(value: object, info: ValidationInfo) -> Secret | None:
    return None if value is None else read_secret(value, info)


def _read_secret_or_empty(value: object, info: ValidationInfo) -> Secret:
    return Secret() if value == "" else read_secret(value, info)


def _require_plain(value: object, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, date | time):
        raise ValueError("write dates and times in quotes")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("inf and nan are no values")
    if isinstance(value, Mapping):
        for one in value.values():
            _require_plain(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _require_plain(one, depth + 1)


def _read_options(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("write a table: [sources.options]")
    _require_plain(value)
    return value


ListenAddress: TypeAlias = Annotated[Listen, PlainValidator(read_listen)]
PublicUrl: TypeAlias = Annotated[str, PlainValidator(read_public_url)]
DatabaseUrl: TypeAlias = Annotated[Secret, PlainValidator(read_database_url)]
SmtpUrl: TypeAlias = Annotated[Secret, PlainValidator(read_smtp_url)]
Folder: TypeAlias = Annotated[Path, PlainValidator(_read_folder)]
OptionalFolder: TypeAlias = Annotated[Path | None, PlainValidator(_read_folder_or_none)]
EmailAddress: TypeAlias = Annotated[str, PlainValidator(_read_email_address)]
Sender: TypeAlias = Annotated[str, PlainValidator(_read_sender)]
Logo: TypeAlias = Annotated[str, PlainValidator(_read_logo)]
Color: TypeAlias = Annotated[str, PlainValidator(_read_color)]
CaFile: TypeAlias = Annotated[str, PlainValidator(_read_ca_file)]
RingKey: TypeAlias = Annotated[bytes, PlainValidator(_read_ring_key)]
RingKeys: TypeAlias = Annotated[
    tuple[RingKey, ...],
    Field(strict=False, max_length=MAX_KEYS, repr=False),
    AfterValidator(_require_some),
    AfterValidator(_require_different),
]
SecretText: TypeAlias = Annotated[Secret, PlainValidator(_read_secret_or_empty)]
OptionalSecret: TypeAlias = Annotated[Secret | None, PlainValidator(_read_secret_or_none)]
SecretTexts: TypeAlias = Annotated[
    tuple[Annotated[Secret, PlainValidator(read_secret)], ...],
    Field(strict=False, max_length=MAX_SECRETS),
    AfterValidator(_require_different),
]
Networks: TypeAlias = Annotated[
    tuple[Annotated[str, PlainValidator(read_network)], ...], Field(strict=False, max_length=MAX_NETWORKS)
]
LimitStore: TypeAlias = Annotated[Secret, PlainValidator(read_limit_store)]
LimitRate: TypeAlias = Annotated[Rate | None, PlainValidator(read_rate)]
Cap: TypeAlias = Annotated[Decimal | None, PlainValidator(read_cap)]
ExchangeRate: TypeAlias = Annotated[Decimal, PlainValidator(read_exchange_rate)]
Slug: TypeAlias = Annotated[str, PlainValidator(read_slug)]
OptionalSlug: TypeAlias = Annotated[str | None, PlainValidator(_or_none(read_slug))]
Currency: TypeAlias = Annotated[str, PlainValidator(read_currency)]
OptionalCurrency: TypeAlias = Annotated[str | None, PlainValidator(_or_none(read_currency))]
Timezone: TypeAlias = Annotated[str, PlainValidator(read_timezone)]
OptionalTimezone: TypeAlias = Annotated[str | None, PlainValidator(_or_none(read_timezone))]
Country: TypeAlias = Annotated[str, PlainValidator(read_country)]
CompleteAfter: TypeAlias = Annotated[str, PlainValidator(read_complete_after)]
Options: TypeAlias = Annotated[Mapping[str, Any], PlainValidator(_read_options)]
Days: TypeAlias = Annotated[int, Field(ge=0, le=MAX_DAYS)]
Text: TypeAlias = Annotated[str, Field(max_length=MAX_TEXT)]
OptionalText: TypeAlias = Annotated[str | None, Field(min_length=1, max_length=MAX_TEXT)]
