"""Every error that outside input can raise, as one tree. Everybody takes them from here.

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
    │   ├── PreconditionFailed  412: it is not any more as the caller has seen it
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
    │   ├── CardDisabled, CardExpired, CardNotYetUsable, HoldNotOpen, RunNotHeld, NotReplayable
    │   ├── CurrencyMismatch, CodeTaken, BalanceChanged
    │   ├── DeliveryNotConfigured, NotSandbox
    │   ├── TooManyEndpoints, TooManySecrets, DeliveryState, MessageGone
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

from .conflicts import BalanceChanged as BalanceChanged
from .conflicts import CapReached as CapReached
from .conflicts import CardDisabled as CardDisabled
from .conflicts import CardExpired as CardExpired
from .conflicts import CardNotYetUsable as CardNotYetUsable
from .conflicts import CashOutNotAllowed as CashOutNotAllowed
from .conflicts import CodeTaken as CodeTaken
from .conflicts import Conflict as Conflict
from .conflicts import ContactErased as ContactErased
from .conflicts import CurrencyMismatch as CurrencyMismatch
from .conflicts import DailyCapReached as DailyCapReached
from .conflicts import DeliveryNotConfigured as DeliveryNotConfigured
from .conflicts import DeliveryState as DeliveryState
from .conflicts import HoldNotOpen as HoldNotOpen
from .conflicts import IdempotencyInProgress as IdempotencyInProgress
from .conflicts import IdentityTaken as IdentityTaken
from .conflicts import InsufficientBalance as InsufficientBalance
from .conflicts import InsufficientPoints as InsufficientPoints
from .conflicts import ManagedByConfig as ManagedByConfig
from .conflicts import MessageGone as MessageGone
from .conflicts import NotReplayable as NotReplayable
from .conflicts import NotSandbox as NotSandbox
from .conflicts import RefundExceedsRedemption as RefundExceedsRedemption
from .conflicts import RunNotHeld as RunNotHeld
from .conflicts import SlugTaken as SlugTaken
from .conflicts import TooManyEndpoints as TooManyEndpoints
from .conflicts import TooManySecrets as TooManySecrets
from .faults import ConnectorError as ConnectorError
from .faults import Fault as Fault
from .faults import FieldError as FieldError


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


class PreconditionFailed(Refused):
    """An If-Match that names another state of the thing than the one it has now."""

    code = "precondition_failed"
    title = "It has changed meanwhile"
    status = 412


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


def every_error() -> list[type[ConnectorError]]:
    """The whole tree, the root first; of two with one code the upper one first.

    What other modules derive from an error, tests before all, is no part of it.
    """
    ours = {one for one in globals().values() if isinstance(one, type)}
    found: list[type[ConnectorError]] = [ConnectorError]
    for one in found:
        found.extend(child for child in one.__subclasses__() if child in ours)
    return found


def by_code(code: str) -> type[ConnectorError]:
    """The error with this code; the root where there is none."""
    return next((one for one in every_error() if one.code == code), ConnectorError)
