"""Every error that outside input can raise, as one tree.

    ConnectorError
    ├── Refused                 the request itself is wrong; trying again changes nothing
    │   ├── BadRequest          400
    │   │   └── BadJson         400
    │   ├── Unauthorized        401
    │   │   └── SignatureRefused  401, one answer for missing, wrong and too old
    │   ├── InsufficientFunds   402
    │   ├── Forbidden           403
    │   │   ├── AddressNotAllowed
    │   │   └── MissingScope
    │   ├── NotFound            404
    │   │   └── UnknownCode     a card's code that nobody has: told alike, and counted as a guess
    │   ├── MethodNotAllowed    405
    │   ├── BodyTooSlow         408
    │   ├── BodyTooLarge        413
    │   ├── WrongContentType    415
    │   └── ValidationFailed    422, names the fields
    │       ├── BadAmount
    │       ├── MessageTooLong  an outgoing message that receivers would refuse
    │       ├── NotUnderstood   valid JSON that an adapter cannot read
    │       └── IdempotencyKeyReused
    ├── Conflict                409: the state of things forbids it
    │   ├── IdempotencyInProgress  the one that helps to try again
    │   ├── InsufficientBalance, RefundExceedsRedemption, CashOutNotAllowed
    │   ├── CapReached
    │   │   └── DailyCapReached  a day's sum: a recipe's run is held for it
    │   ├── CardDisabled, CardExpired, CardNotYetUsable, HoldNotOpen
    │   ├── CurrencyMismatch, CodeTaken, BalanceChanged
    │   ├── DeliveryNotConfigured
    │   └── IdentityTaken, ContactErased, InsufficientPoints, SlugTaken, ManagedByConfig
    ├── RateLimited             429: later
    ├── Unavailable             503: nothing happened, try again
    ├── OutcomeUnknown          504: it may have happened; ask again under the same key
    ├── CannotOpen              what we sealed ourselves does not open any more
    ├── CannotListen            the address is taken, foreign or forbidden: the start ends
    │   └── AlreadyServing      another process serves this SQLite file
    ├── NewerDatabase           a newer program made its tables: the start ends
    ├── FaultyFiles             configuration or recipes: every fault with its place
    └── RunFailed               a recipe's run: its own work is undone, the delivery goes on

An error has a code, a status, whether trying again helps, and a sentence with
the numbers that a person needs; never a secret, never the expected signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a request that is wrong; `field` is its path, `card.amount`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConnectorError(Exception):
    """The root. `detail` is for people; `code` is for programs and never changes."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after


class Refused(ConnectorError):
    code = "bad_request"
    title = "Bad request"
    status = 400


class BadRequest(Refused):
    pass


class BadJson(BadRequest):
    code = "bad_json"
    title = "The body is not JSON we accept"


class Unauthorized(Refused):
    code = "unauthorized"
    title = "No valid key"
    status = 401


class SignatureRefused(Unauthorized):
    """One answer whatever was wrong, so that a forger learns nothing."""

    code = "signature_refused"
    title = "Signature missing, wrong or too old"


class InsufficientFunds(Refused):
    code = "insufficient_funds"
    title = "Insufficient funds"
    status = 402


class Forbidden(Refused):
    code = "forbidden"
    title = "Forbidden"
    status = 403


class AddressNotAllowed(Forbidden):
    code = "address_not_allowed"
    title = "This address is not allowed"


class MissingScope(Forbidden):
    code = "missing_scope"
    title = "The key lacks a scope"


class NotFound(Refused):
    code = "not_found"
    title = "Not found"
    status = 404


class UnknownCode(NotFound):
    """No card of the account has this code. As any other 404 outside; the doors count it as a guess."""


class MethodNotAllowed(Refused):
    code = "method_not_allowed"
    title = "Method not allowed"
    status = 405


class BodyTooSlow(Refused):
    code = "body_too_slow"
    title = "The body did not arrive in time"
    status = 408


class BodyTooLarge(Refused):
    code = "body_too_large"
    title = "The body is too large"
    status = 413


class WrongContentType(Refused):
    code = "wrong_content_type"
    title = "Content type not accepted"
    status = 415


class ValidationFailed(Refused):
    code = "validation_failed"
    title = "Validation failed"
    status = 422


class BadAmount(ValidationFailed):
    pass


class MessageTooLong(ValidationFailed):
    """An outgoing body that receivers may refuse, and that would be retried for two days."""

    code = "message_too_long"
    title = "The message is too long to be sent"


class NotUnderstood(ValidationFailed):
    code = "not_understood"
    title = "The payload was not understood"


class IdempotencyKeyReused(ValidationFailed):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key came with another request before"


class Conflict(ConnectorError):
    code = "conflict"
    title = "Conflict"
    status = 409


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"
    title = "The first request with this Idempotency-Key is still running"
    retryable = True


class InsufficientBalance(Conflict):
    code = "insufficient_balance"
    title = "Insufficient balance"


class CardDisabled(Conflict):
    code = "card_disabled"
    title = "The card is disabled"


class CardExpired(Conflict):
    code = "card_expired"
    title = "The card has expired"


class CardNotYetUsable(Conflict):
    code = "card_not_yet_usable"
    title = "The card is not usable yet"


class CurrencyMismatch(Conflict):
    code = "currency_mismatch"
    title = "The card has another currency"


class CodeTaken(Conflict):
    code = "code_taken"
    title = "This code is taken"


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "This slug is taken"


class ManagedByConfig(Conflict):
    code = "managed_by_config"
    title = "This is managed by config.toml"


class CapReached(Conflict):
    code = "cap_reached"
    title = "A cap is reached"


class DailyCapReached(CapReached):
    pass


class HoldNotOpen(Conflict):
    code = "hold_not_open"
    title = "The hold is not open"


class BalanceChanged(Conflict):
    """The balance that the caller expected is not the one that is there."""

    code = "balance_changed"
    title = "The balance has changed"


class DeliveryNotConfigured(Conflict):
    """Nothing is set up that could send a card by e-mail or text message."""

    code = "delivery_not_configured"
    title = "No delivery by e-mail or text message is set up"


class RefundExceedsRedemption(Conflict):
    code = "refund_exceeds_redemption"
    title = "More than was redeemed and not yet given back"


class CashOutNotAllowed(Conflict):
    """Credit stays credit, unless the card's program pays small rests out."""

    code = "cash_out_not_allowed"
    title = "This card is not paid out in cash"


class IdentityTaken(Conflict):
    """An external id, e-mail address or phone number that another contact of the account has."""

    code = "identity_taken"
    title = "Another contact has this identity"


class ContactErased(Conflict):
    """The person was erased for good; only their money is left."""

    code = "contact_erased"
    title = "This contact was erased"


class InsufficientPoints(Conflict):
    code = "insufficient_points"
    title = "Insufficient points"


class RateLimited(ConnectorError):
    code = "rate_limited"
    title = "Too many requests"
    status = 429
    retryable = True


class Unavailable(ConnectorError):
    """Nothing happened: the sender may and should try again."""

    code = "unavailable"
    title = "Not available right now"
    status = 503
    retryable = True


class OutcomeUnknown(ConnectorError):
    """The line to the database broke at the commit: it may have happened, so the same key must ask again."""

    code = "outcome_unknown"
    title = "It is not known whether this was done; send it again with the same key"
    status = 504
    retryable = True


class CannotOpen(ConnectorError):
    """A sealed text that no key of the ring opens: the key was removed, or the text was changed."""

    code = "cannot_open"
    title = "A sealed value cannot be opened"


class CannotListen(ConnectorError):
    """The server's address cannot be had; the sentence names the address and says why."""

    code = "cannot_listen"
    title = "Cannot listen"


class AlreadyServing(CannotListen):
    """A second `serve` on one SQLite file."""

    code = "already_serving"
    title = "Already serving"


class NewerDatabase(ConnectorError):
    """The tables are of a revision that this program does not know; the sentence names both."""

    code = "newer_database"
    title = "The database was made by a newer connector"


class FaultyFiles(ConnectorError):
    """Configuration or recipes that cannot be used; carries every fault, sorted by place."""

    code = "faulty_files"
    title = "Files with faults"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RunFailed(ConnectorError):
    """A recipe's run cannot go on: a missing field, a step's refusal. `place` is `file:line:column`."""

    code = "run_failed"
    title = "The run failed"

    def __init__(self, detail: str, *, place: str | None = None) -> None:
        super().__init__(detail)
        self.place = place


def by_code(code: str) -> type[ConnectorError]:
    """The error with this code; the root where there is none. The first in the tree has it."""
    waiting: list[type[ConnectorError]] = [ConnectorError]
    while waiting:
        found = waiting.pop(0)
        if found.code == code:
            return found
        waiting.extend(found.__subclasses__())
    return ConnectorError
