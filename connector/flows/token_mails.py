"""Access tokens by e-mail: asked for by anybody, sent where the account registered, and nowhere else.

The one rule: whoever asks learns nothing. Their request is a row, whether or not anybody has the
address; a worker looks whose it is, and makes the key that the mail holds.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from ..domain import ids
from ..domain.accounts import Account
from ..domain.contacts import normal_email
from ..domain.notifications import ACCESS_TOKEN, BY_MAIL, Written, one_line
from ..logs import log
from ..operations.holding import BY_ITSELF
from ..store import accounts, keys, notifications, token_requests
from ..store.keys import AccessKey
from ..store.writer import Writing
from . import access
from .parts import Parts

SCOPES: Final = ("cards:read", "cards:write")
AGAIN_AFTER: Final = timedelta(minutes=15)  # a mailbox is not filled by whoever knows its address
MOST_KEYS: Final = 20  # of one account that were sent so and are in use: more are asked for by nobody
MOST_ACCOUNTS: Final = 20  # that have one address: an agency's
AT_ONCE: Final = 20

_TEXT: Final = """Hello,

somebody, we hope you, asked for an access token of {account}. Here it is:

{token}

Send it with every request, to {url}/api/external:

Authorization: Bearer {token}

It can make gift cards and spend what is on them: keep it as you keep a password. Whoever has the gateway
can end it at any time. If you did not ask for it, nobody else has it, and you can let it be.
"""


def ask(parts: Parts, address: str) -> None:
    """Somebody asked for the token of this address, which may be no address at all."""

    def work(tx: Writing) -> None:
        token_requests.add(tx, parts.ring, address)
        tx.after_commit(parts.wake_jobs)

    parts.writer.run(work)


def run_due(parts: Parts) -> int:
    """Look at those who asked; how many."""
    with parts.engines.reading() as connection:
        if not token_requests.is_any(connection):
            return 0
    return parts.writer.run(partial(_answer, parts))


def _answer(parts: Parts, tx: Writing) -> int:
    asked = token_requests.take(tx, parts.ring, AT_ONCE)
    for address in dict.fromkeys(normal_email(one) for one in asked):
        for account in accounts.with_email(tx, address, MOST_ACCOUNTS) if address else ():
            _send(parts, tx, account)
    return len(asked)


def _send(parts: Parts, tx: Writing, account: Account) -> None:
    account = accounts.lock(tx, account)  # two workers with two requests of one address take turns
    sent = _sent(tx, account)
    refusal = _why_not(parts, tx, account, sent)
    if refusal:
        tx.after_commit(partial(log.warning, "token_not_sent", account=account.slug, reason=refusal))
        return
    plain = ids.new_api_key()
    root = sent[0].root if sent else None  # their caps per day are one: whoever asks gets no more by asking
    made = keys.add(
        tx, account_id=account.id, name=access.MAILED, secret=plain, scopes=SCOPES, expires_at=None, root=root
    )
    _end(tx, account, [one for one in sent if one.last_used_at is None], "another was sent")
    access.note(tx, BY_ITSELF, account, made.public_id, "create_key", {"scopes": list(SCOPES), "sent": True})
    name = one_line(account.name, access.MAX_NAME)
    text = _TEXT.format(account=name, token=plain, url=parts.public_url.rstrip("/"))
    notifications.add(
        tx,
        parts.ring,
        account_id=account.id,
        template=ACCESS_TOKEN,
        via=BY_MAIL,
        to=account.email,
        to_name=account.name,
        written=Written(text, f"Your access token for {name}"),
    )
    tx.after_commit(parts.wake_notifications)


def end_sent(tx: Writing, account: Account) -> None:
    """End what was sent to the account's address, which is another one from now on."""
    _end(tx, account, _sent(tx, account), "the address was changed")


def _sent(tx: Writing, account: Account) -> list[AccessKey]:
    """Oldest first."""
    return [one for one in keys.of_account(tx, account.id) if one.name == access.MAILED]


def _end(tx: Writing, account: Account, sent: Sequence[AccessKey], why: str) -> None:
    for one in sent:
        if access.is_live(one, tx.wall):
            keys.revoke(tx, account.id, one.public_id)
            access.note(tx, BY_ITSELF, account, one.public_id, "revoke_key", {"because": why})


def _why_not(parts: Parts, tx: Writing, account: Account, sent: Sequence[AccessKey]) -> str:
    """Why nothing is sent now; empty: it is."""
    if account.sandbox:
        return "nothing leaves a sandbox"
    if BY_MAIL not in parts.senders:
        return "nothing is set up that sends e-mail"
    if any(tx.wall - one.created_at < AGAIN_AFTER for one in sent):
        return "one was sent just now"
    used = [one for one in sent if access.is_live(one, tx.wall) and one.last_used_at is not None]
    return f"{MOST_KEYS} of them are in use" if len(used) >= MOST_KEYS else ""
