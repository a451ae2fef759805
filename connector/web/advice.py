"""What a refusal means and what to do about it, in a sentence, by its code: for the pages behind `type`.

The one rule: every code that can stand in an answer has its sentence; a test names the one that has none.
"""

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "bad_request": "A parameter, a header or the form of the request is wrong; detail says which.",
    "bad_json": "The body is broken, not UTF-8, too deep, has a key twice, or a number out of range.",
    "unauthorized": "No key, or one that has ended or is unknown: send Authorization: Bearer gck_….",
    "signature_refused": "The signature is missing, wrong or too old: check the secret and both clocks.",
    "insufficient_funds": "Prepaid funds are used up: pay in, or issue less.",
    "forbidden": "The caller is known, and may not do this.",
    "address_not_allowed": "The caller's address is not among those that are allowed.",
    "missing_scope": "The key lacks a scope; detail names it, and those that the key has.",
    "not_found": "There is no such thing in this account. What other accounts have is not found either.",
    "method_not_allowed": "The path is right, the method is not; Allow lists those that are.",
    "body_too_slow": "The whole body must arrive within ten seconds.",
    "precondition_failed": "It was changed since you looked: look again, then decide and send its new ETag.",
    "body_too_large": "The body has more bytes than this gateway takes.",
    "wrong_content_type": "Send JSON in UTF-8, not compressed.",
    "validation_failed": "Fields are missing, unknown or wrong; errors names each.",
    "message_too_long": "A message would have more than 64 KiB: send less.",
    "not_understood": "Valid JSON, and not what the platform sends. It is kept, to be run after a mend.",
    "idempotency_key_reused": "Use a new Idempotency-Key for each deed, and the same one to repeat it.",
    "conflict": "The state of things forbids it; detail says which.",
    "idempotency_in_progress": "Send the same request again in a moment: it gets the answer of the first.",
    "insufficient_balance": "The card has less available than was asked: ask for less, or send partial.",
    "card_disabled": "The card is disabled or removed.",
    "card_expired": "The card's life is over; it can be revived.",
    "card_not_yet_usable": "The card's usable_at is still to come.",
    "currency_mismatch": "The card has another currency, and nothing converts between the two here.",
    "code_taken": "Another card of this account has the code that was chosen.",
    "cap_reached": "More than may be on one card, or be given out in one day; detail says which cap.",
    "not_replayable": "It is done, still under way, or was erased: again would be twice, or nothing.",
    "run_not_held": "It is not held any more: it went on, was refused or lapsed.",
    "hold_not_open": "The hold was captured, released or has lapsed; each happens once.",
    "balance_changed": "The card has another balance than was expected: look again, then decide.",
    "refund_exceeds_redemption": "All refunds of a redemption together are never more than it was.",
    "cash_out_not_allowed": "Credit is not paid in cash, unless the card's program pays out small rests.",
    "delivery_not_configured": "Nothing is set up that sends cards by e-mail or text message.",
    "not_a_sandbox": "Only a sandbox's clock can be moved; what is live goes by the world's.",
    "slug_taken": "Another one has this name: choose another.",
    "managed_by_config": "It stands in config.toml: change it there, and restart.",
    "identity_taken": "Another contact has this external id, e-mail address or phone number: merge the two.",
    "contact_erased": "The person was erased for good; only their money is left.",
    "insufficient_points": "The contact has fewer points than were asked.",
    "rate_limited": "Ask more slowly; Retry-After says when there is room again.",
    "internal": "A fault of ours; nothing was done. The log has it under request_id.",
    "unavailable": "Nothing was done: send it again after Retry-After.",
    "outcome_unknown": "It may have been done: send it again with the same Idempotency-Key.",
}
