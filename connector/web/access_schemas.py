"""What answers hold beside money: accounts, sources, keys, refusals."""

from typing import Final

from .json_schema import Schema, every, flag, mapping, maybe, moment, one_of, page_of, ref, text, thing, whole

_FINGERPRINTS: Final = every(
    thing("", fingerprint=text("the first signs of its hash")), "the secrets that hold, newest first"
)
_SOURCE: Final[dict[str, Schema]] = {
    "account": text("the account's slug"),
    "slug": text(),
    "adapter": text("the platform that it speaks with"),
    "url": text("where the platform posts to"),
    "is_enabled": flag(),
    "secrets": _FINGERPRINTS,
    "has_credential": flag("whether it has one for the platform's own API; it is never shown"),
    "managed_by": text("`config`: read-only here; `api`"),
    "allow_ips": every(text(), "networks that it may come from; empty: any"),
    "respond": one_of("now", "async"),
    "return_codes": flag("whether card codes are in the answer"),
    "delivery_id": maybe(text()),
    "currency": maybe(ref("Currency")),
    "timezone": maybe(text()),
    "identities": maybe(text()),
    "counts_spend": flag(),
    "complete_after": text("end, never or a duration: when a booking is completed"),
    "options": mapping("the adapter's own settings"),
}
_KEY: Final[dict[str, Schema]] = {
    "id": text("`key_…`; the `client_id` at /oauth/token"),
    "name": text(),
    "prefix": text("how the secret begins"),
    "made_by": maybe(text(), "the key that made it, and ends it with itself"),
    "scopes": every(text()),
    "allow_ips": every(text(), "networks that it may be used from; empty: any"),
    "created_at": moment(),
    "expires_at": maybe(moment()),
    "last_used_at": maybe(moment(), "right to a minute or two"),
    "revoked_at": maybe(moment()),
}
_SECRET: Final = maybe(text(), "shown this once; null to another key that asks for the answer again")

SCHEMAS: Final[dict[str, Schema]] = {
    "Account": thing(
        "One business.",
        id=text("`acct_…`"),
        slug=text(),
        name=text(),
        currency=ref("Currency"),
        timezone=text("an IANA name"),
        country=text("ISO 3166"),
        email=maybe(text(), "who runs it: is sent its access token, and told of an endpoint that only fails"),
        sandbox=flag(),
        color=text("of its letters and pages; empty: ours"),
        logo_url=text("the picture at the top of its e-mails; empty: its name"),
        managed_by=text("`config`: read-only here; `api`"),
        business_id=whole("its number at `/giftcards`"),
        store_id=text("its number at `/v1/stores/…`, as text: it does not fit a JSON number"),
    ),
    "AccountPage": page_of("Account"),
    "Clock": thing(
        "A sandbox's clock, and what was done on the way.",
        account=text("its slug"),
        now=moment(),
        is_there=flag("false: there was too much to do in one call, ask for the rest"),
        left_s=whole("seconds that are left then"),
        did=mapping("how much of each kind: `holds`, `deliveries`, `expiry`, `notices`, `runs`, …"),
        drafts=every(text(), "recipes whose schedule would have come on the way, were they not drafts"),
    ),
    "Source": thing(
        "One way into an account.",
        **_SOURCE,
        optional={"secret": maybe(text(), "where it was just rotated: the new one, this once")},
    ),
    "NewSource": thing("A source that was just made.", **_SOURCE, secret=_SECRET),
    "SourcePage": page_of("Source"),
    "Key": thing("A key, without its secret.", **_KEY),
    "NewKey": thing("A key that was just made.", **_KEY, key=_SECRET),
    "KeyPage": page_of("Key"),
    "MessageContact": thing(
        "A person, as messages show them.",
        id=text("`ct_…`"),
        external_id=maybe(text()),
        email=maybe(text()),
        phone=maybe(text()),
        first_name=maybe(text()),
        last_name=maybe(text()),
        tags=every(text()),
    ),
    "EventType": thing(
        "A type of outgoing message.",
        name=text("what endpoints subscribe to"),
        description=text("when it is sent"),
        versions=every(text(), "how it can look, newest first; an endpoint keeps its `version`"),
        schema=mapping("the JSON Schema of its body"),
        sample=mapping("a body as it is sent"),
    ),
    "EventTypePage": page_of("EventType"),
    "Token": thing(
        "A short-lived token (RFC 6749).",
        access_token=text("`gct_…`"),
        token_type=one_of("Bearer"),
        expires_in=whole("seconds", minimum=0),
        scope=text("what it may do, with blanks between"),
    ),
    "TokenRefusal": thing(
        "A refusal in RFC 6749's own form.",
        error=one_of(
            "invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type", "invalid_grant"
        ),
        error_description=text(),
    ),
    "FieldError": thing("One field that is wrong.", field=text("its path"), message=text()),
    "Problem": thing(
        "A refusal (RFC 9457). `code` is for programs and never changes.",
        type=text("a page about it", format="uri"),
        title=text(),
        status=whole(),
        code=text(),
        detail=text("what is wrong, in a sentence"),
        errors=every(ref("FieldError")),
        retryable=flag("whether the same request may do better later"),
        request_id=text("also in X-Request-Id"),
    ),
}
