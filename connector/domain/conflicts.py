"""Conflicts: what the state of cards, people and settings forbids. Every one is a 409 and undoes its deed.

The one rule: they are taken from domain/errors.py, which has the whole tree.
"""

from .faults import ConnectorError


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
    """`taken`: how many of the codes that were asked for; each of them is a guess."""

    code = "code_taken"
    title = "This code is taken"
    taken: int = 1


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


class NotReplayable(Conflict):
    """What is done, still stands, was erased or pruned: again would be twice, or nothing."""

    code = "not_replayable"
    title = "This cannot be replayed"


class RunNotHeld(Conflict):
    code = "run_not_held"
    title = "The run is not held"


class NotSandbox(Conflict):
    code = "not_a_sandbox"
    title = "The account is not a sandbox"


class TooManyEndpoints(Conflict):
    code = "too_many_endpoints"
    title = "The account has as many endpoints as it may have"


class TooManySecrets(Conflict):
    code = "too_many_secrets"
    title = "The endpoint has as many live secrets as it may have"


class DeliveryState(Conflict):
    """What is asked of a delivery is not possible in the state that it is in."""

    code = "delivery_state"
    title = "The delivery's state forbids it"


class MessageGone(Conflict):
    code = "message_gone"
    title = "The message's body is not kept any more"
