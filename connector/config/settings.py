"""What can be configured: every key with its type, default and meaning, as frozen values.

Only the composition root sees these; the rooms get plain values from it. The
one rule: what is said here of a key is what docs and example file say of it.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..domain.errors import FieldError, ValidationFailed
from ..domain.signing import SECRET_PREFIX, standard_key
from . import fields as kind
from .grammar import Listen, Rate, read_duration, read_listen
from .secret import Secret
from .urls import MEMORY

MAX_BODY_BYTES: Final = 64 * 1_048_576  # a body is held in memory, once for each thread


class Section(BaseModel):
    """One table: frozen, nothing unknown, no type turned into another."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Server(Section):
    """`[server]`: the gateway's own door."""

    listen: kind.ListenAddress = Field(
        default=Listen("127.0.0.1", 8080), description="Address and port of the gateway."
    )
    told_url: kind.PublicUrl = Field(
        default="",
        alias="public_url",
        description="How people and platforms reach it; links and signatures over the URL use it. "
        "Empty: `http://` and `listen`.",
    )
    trusted_proxies: kind.Networks = Field(
        default=(),
        description="Networks of proxies whose `X-Forwarded-For` is believed. Scheme and host are never read "
        "of a request: `public_url` has them.",
    )
    max_body_bytes: int = Field(
        default=1_048_576, ge=1, le=MAX_BODY_BYTES, description="A larger body is refused with 413; in bytes."
    )

    @property
    def public_url(self) -> str:
        """What was told, or the listening address; without a slash at the end."""
        if self.told_url:
            return self.told_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.listen.host, self.listen.host)  # noqa: S104
        return f"http://{Listen(host, self.listen.port)}"


class Database(Section):
    """`[database]`"""

    url: kind.DatabaseUrl = Field(
        default=Secret("sqlite:///data/connector.db"),
        validate_default=True,
        description="`sqlite:///path` or `postgresql://user@host/name`; may be `env:NAME` or `file:PATH`.",
    )


class Secrets(Section):
    """`[secrets]`"""

    keys: kind.RingKeys = Field(
        repr=False,
        description="Newest first; each 32 bytes in base64. They encrypt codes and secrets and sign links.",
    )


def beside(recipes: Path) -> Path:
    """Where templates are when nobody says."""
    return recipes.parent / "templates"


class Templates(Section):
    """What `[email]` says of templates, for those who need nothing else of it."""

    templates: kind.OptionalFolder = None


class Recipes(Section):
    """`[recipes]`"""

    path: kind.Folder = Field(
        default=Path("recipes"), validate_default=True, description="The folder of the automations."
    )
    mask_personal: bool = Field(
        default=False,
        description="Whether traces of runs are kept without who it was: names, addresses, what people and "
        "platforms wrote. What was kept before stays.",
    )


class Delivery(Section):
    """`[delivery]`: outbound webhooks."""

    allow_networks: kind.Networks = Field(
        default=(), description="Networks that are not public and yet may be delivered to."
    )
    allow_http: bool = Field(default=False, description="Whether an endpoint may be `http:`.")
    ca_file: kind.CaFile = Field(default="", description="Issuers trusted beside the usual ones, a PEM file.")


class Limits(Section):
    """`[limits]`: requests; None: no limit."""

    store: kind.LimitStore = Field(
        default=Secret(MEMORY),
        description="Where they are counted: `memory`, each process for itself, or `redis://host:6379/0` "
        "(`rediss://` over TLS), all together; may be `env:NAME` or `file:PATH`.",
    )
    per_key: kind.LimitRate = Field(default=Rate(100, 1), description="Requests with one API key.")
    per_address: kind.LimitRate = Field(
        default=Rate(20, 1), description="Requests without a key, from one address."
    )
    failed_lookups: kind.LimitRate = Field(
        default=Rate(10, 60),
        description="Wrong card codes from one key, address or source, one budget over every door.",
    )
    per_source: kind.LimitRate = Field(default=None, description="Inbound webhooks of one source.")


class Caps(Section):
    """`[caps]`: money in major units of the account's currency; None: no cap."""

    per_card: kind.Cap = Field(default=Decimal("2000.00"), description="The most that one card may hold.")
    per_day_per_key: kind.Cap = Field(
        default=Decimal("10000.00"),
        description="The most that one API key, with all keys that it made, may issue and load in a day.",
    )
    per_day_per_recipe: kind.Cap = Field(
        default=Decimal("1000.00"),
        description="The most that one recipe may issue and load in a day; past it the run is held.",
    )

    @property
    def each(self) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """As they stand above."""
        return self.per_card, self.per_day_per_key, self.per_day_per_recipe


class Email(Section):
    """`[email]`: off where `smtp_url` is empty."""

    smtp_url: kind.SmtpUrl = Field(
        default=Secret(),
        description="`smtp://user:password@host:587` or `smtps://…`; may be `env:NAME` or `file:PATH`. "
        "Empty: no mail is sent.",
    )
    sender: kind.Sender = Field(
        default="",
        alias="from",
        description="The sender: `Glow Spa <gifts@example.com>`, or an address alone: with each "
        "account's name.",
    )
    reply_to: kind.Sender = Field(default="", description="Where answers go. Empty: to the sender.")
    ca_file: kind.CaFile = Field(
        default="", description="Issuers trusted beside the usual ones, a PEM file: for a server of your own."
    )
    dangerous_plain: bool = Field(
        default=False, description="Whether mail and password may go to another machine without TLS."
    )
    templates: kind.OptionalFolder = Field(
        default=None,
        description="The folder of what people are written. Left out: `templates` beside the recipes' "
        "folder.",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.smtp_url and not self.sender:
            raise ValueError('with smtp_url comes from = "Name <address@example.com>"')
        return self


class Sms(Section):
    """`[sms]`: off where `adapter` is empty."""

    adapter: Literal["", "twilio", "webhook"] = Field(
        default="", description='`"twilio"`, `"webhook"` (a JSON post to `url`), or empty: no text is sent.'
    )
    sender: kind.Text = Field(
        default="", alias="from", description="The sender's number, or name where that is allowed."
    )
    account_sid: kind.Text = Field(default="", description="twilio: the account.")
    auth_token: kind.SecretText = Field(
        default=Secret(), description="twilio: its token, as `env:NAME` or `file:PATH`."
    )
    url: kind.PublicUrl = Field(
        default="",
        description="webhook: where the text is posted. twilio: its address of another region; its usual one "
        "if empty.",
    )
    secret: kind.SecretText = Field(
        default=Secret(),
        description="webhook: signs the post (Standard Webhooks), as `env:NAME` or `file:PATH`.",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needed = {"twilio": ("from", "account_sid", "auth_token"), "webhook": ("url", "secret")}
        given = self.model_dump(by_alias=True)
        absent = [key for key in needed.get(self.adapter, ()) if not given[key]]
        if absent:
            raise ValueError(f'adapter = "{self.adapter}" needs {" and ".join(absent)}')
        if self.secret.startswith(SECRET_PREFIX):
            standard_key(self.secret)  # says what is wrong with it
        return self


class ExchangeRates(Section):
    """`[exchange_rates]`: one unit of `base` is worth so much of each other currency."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, kind.ExchangeRate] = Field(init=False)

    base: kind.OptionalCurrency = Field(
        default=None,
        description='The currency that prices the others; each further key is one of them, `EUR = "0.92"`.',
    )

    @property
    def rates(self) -> Mapping[str, Decimal]:
        """By currency, without the base."""
        return dict(self.__pydantic_extra__)


class Retention(Section):
    """`[retention]`: days; 0: for ever. Ledger and deduplication records are never pruned."""

    payload_days: kind.Days = Field(default=90, description="Raw inbound payloads; none: no second run.")
    trace_days: kind.Days = Field(default=180, description="Traces of runs.")
    attempt_days: kind.Days = Field(
        default=30, description="Attempts of outbound deliveries; addresses and texts of notifications."
    )


class AccountSettings(Section):
    """One `[[accounts]]`: a business."""

    slug: kind.Slug = Field(description="Its name in URLs and commands.")
    told_name: kind.Text = Field(
        default="", alias="name", description="Its name for people. Empty: the slug."
    )
    currency: kind.Currency = Field(description="ISO 4217.")
    timezone: kind.Timezone = Field(
        default="UTC", description="An IANA name; days and times without an offset are meant there."
    )
    country: kind.Country = Field(
        default="US", description="ISO 3166; reads phone numbers without a country code."
    )
    email: kind.EmailAddress = Field(
        default="",
        description="Who runs it: is sent its access token, and told when webhooks to an endpoint only "
        "fail. Empty: nobody.",
    )
    sandbox: bool = Field(
        default=False,
        description="Nothing leaves by email or SMS. Never changes for an account that exists.",
    )
    color: kind.Color = Field(
        default="",
        description='The colour of its letters and cards\' pages: `"#2b5d50"`. Empty: a quiet green.',
    )
    logo_url: kind.Logo = Field(
        default="", description="The picture at the top of its e-mails, by `https:`. Empty: its name."
    )

    @property
    def name(self) -> str:
        """What was told, or the slug."""
        return self.told_name or self.slug


class SourceSettings(Section):
    """One `[[sources]]`: an inbound webhook at `/hooks/<account>/<slug>`."""

    account: kind.Slug = Field(description="The slug of its account.")
    slug: kind.Slug = Field(description="Its name in the URL.")
    adapter: kind.Text = Field(description="The platform it speaks with.")
    secrets: kind.SecretTexts = Field(
        default=(),
        repr=False,
        description="Newest first, several while rotating; none: every delivery is refused.",
    )
    allow_ips: kind.Networks = Field(default=(), description="Networks it may come from; empty: any.")
    respond: Literal["now", "async"] = Field(
        default="now", description='`"async"`: 202 at once, a worker runs it.'
    )
    return_codes: bool = Field(default=False, description="Whether card codes are in the answer.")
    delivery_id: kind.OptionalText = Field(
        default=None,
        description="Where the payload has the delivery's id: `payload.uri`, or several with `+`. "
        "Left out: as the adapter knows.",
    )
    currency: kind.OptionalCurrency = Field(
        default=None, description="For payloads without one. Left out: the account's."
    )
    timezone: kind.OptionalTimezone = Field(
        default=None, description="For times without an offset. Left out: the account's."
    )
    complete_after: kind.CompleteAfter = Field(
        default="end",
        description='When a booking is completed where the platform never says so: `"end"`, `"never"`, '
        'or so long after its end, `"90 minutes"`.',
    )
    credential: kind.OptionalSecret = Field(
        default=None,
        repr=False,
        description="For the platform's own API, where payloads leave the person out.",
    )
    identities: kind.OptionalSlug = Field(
        default=None,
        description="Sources that share it share the platform's ids of people. Left out: the source's own.",
    )
    counts_spend: bool = Field(
        default=True, description="`false` where another source tells of the same sales."
    )
    options: kind.Options = Field(
        default={}, description="The adapter's own settings, as a table `[sources.options]`."
    )

    @property
    def completes_after(self) -> timedelta | None:
        """How long after its end a booking counts as completed; None: never."""
        if self.complete_after in ("end", "never"):
            return timedelta(0) if self.complete_after == "end" else None
        return read_duration(self.complete_after)

    @property
    def kept(self) -> dict[str, Any]:
        """What is kept of it beside its names and secrets, ready for JSON."""
        plain = ("respond", "return_codes", "delivery_id", "currency", "timezone", "complete_after")
        kept = {name: getattr(self, name) for name in (*plain, "identities", "counts_spend")}
        return {**kept, "allow_ips": list(self.allow_ips), "options": dict(self.options)}


class Settings(Section):
    """The whole configuration.

    `path` is its file, None for the embedded default. `secret_files` were read
    for it; `clear_passwords` are keys whose URL holds a password itself.
    """

    path: Path | None = None
    secret_files: tuple[Path, ...] = ()
    clear_passwords: tuple[str, ...] = ()
    server: Server
    database: Database
    secrets: Secrets
    recipes: Recipes
    delivery: Delivery = Delivery()
    limits: Limits = Limits()
    caps: Caps = Caps()
    email: Email = Email()
    sms: Sms = Sms()
    exchange_rates: ExchangeRates = ExchangeRates()
    retention: Retention = Retention()
    accounts: tuple[AccountSettings, ...] = ()
    sources: tuple[SourceSettings, ...] = ()

    def listening_on(self, text: str) -> Self:
        """The same, listening on `127.0.0.1:9000`; ValidationFailed where that is no address."""
        try:
            server = self.server.model_copy(update={"listen": read_listen(text)})
        except ValueError as fault:
            raise ValidationFailed(str(fault), errors=[FieldError("listen", str(fault))]) from fault
        return self.model_copy(update={"server": server})

    @property
    def template_folder(self) -> Path:
        """The folder of the operator's own letters; it need not be there."""
        return self.email.templates or beside(self.recipes.path)


TABLES: Final[Mapping[str, type[Section]]] = {
    "server": Server,
    "database": Database,
    "secrets": Secrets,
    "recipes": Recipes,
    "delivery": Delivery,
    "limits": Limits,
    "caps": Caps,
    "email": Email,
    "sms": Sms,
    "exchange_rates": ExchangeRates,
    "retention": Retention,
}
ARRAYS: Final[Mapping[str, type[Section]]] = {"accounts": AccountSettings, "sources": SourceSettings}
