"""Text messages: handed to Twilio, or posted to a URL of the operator's, through the guarded client.

The rule that holds: `send` is total, and what nobody knows is Later.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

from ..domain.clock import Clock
from ..domain.jsontext import dumps
from ..domain.notifications import Later, Refused, Result, Sending, Taken, without
from ..domain.signing import SECRET_PREFIX, standard_headers, standard_key
from .answers import Answer
from .http import Client

TWILIO: Final = "https://api.twilio.com"
TWILIO_VERSION: Final = "2010-04-01"
_AGAIN: Final = (401, 403, 404, 408, 425, 429)
"""Of the 4xx: they speak of our credentials, our address of theirs, or the moment; not of the recipient."""
_SERVICE: Final = re.compile(r"MG[0-9a-f]{32}", re.ASCII)

Texter = Callable[[Sending], Result]


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """`sender`: a number in E.164, a name where that is allowed, or a messaging service's id (MG…)."""

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    url: str = TWILIO


@dataclass(frozen=True, slots=True)
class TextHook:
    """Where texts are posted as JSON, signed by Standard Webhooks."""

    url: str
    secret: str = field(repr=False)
    sender: str = ""


def by_twilio(account: TwilioAccount, client: Client) -> Texter:
    """Sends by Twilio's Messages resource: https://www.twilio.com/docs/messaging/api/message-resource"""
    path = f"{TWILIO_VERSION}/Accounts/{quote(account.account_sid, safe='')}/Messages.json"
    login = base64.b64encode(f"{account.account_sid}:{account.auth_token}".encode()).decode("ascii")
    headers = {"authorization": f"Basic {login}", "content-type": "application/x-www-form-urlencoded"}
    by_service = _SERVICE.fullmatch(account.sender)
    sender = {"MessagingServiceSid" if by_service else "From": account.sender}

    def send(sending: Sending) -> Result:
        form = {"To": sending.to, **sender, "Body": sending.written.text}
        answer = client.post(f"{account.url}/{path}", urlencode(form).encode("ascii"), headers)
        told = _json(answer)
        if answer.status is not None and 200 <= answer.status < 300:
            return Taken(str(told.get("sid") or "")[:64])
        code, words = told.get("code"), str(told.get("message") or "")
        reason = f"twilio_{code}" if isinstance(code, int) else _reason(answer)
        return _result(answer, reason, without(words, sending.to, account.auth_token))

    return send


def by_hook(hook: TextHook, client: Client, clock: Clock) -> Texter:
    """Posts `{"id", "to", "from", "text"}`; `webhook-id` is the same in every try, for the far side."""
    is_standard = hook.secret.startswith(SECRET_PREFIX)
    key = standard_key(hook.secret) if is_standard else hook.secret.encode()

    def send(sending: Sending) -> Result:
        told = {"id": sending.id, "to": sending.to, "from": hook.sender, "text": sending.written.text}
        body = dumps(told).encode()
        signed = standard_headers([key], sending.id, clock.now(), body)
        answer = client.post(hook.url, body, {"content-type": "application/json", **signed})
        if answer.outcome == "delivered":
            return Taken()
        return _result(answer, _reason(answer), "")

    return send


def _result(answer: Answer, reason: str, detail: str) -> Result:
    status = answer.status
    if status is not None and 400 <= status < 500 and status not in _AGAIN:
        return Refused(reason, detail)
    told = answer.told if answer.told is not None and answer.told > timedelta(0) else None
    return Later(reason, detail, told)


def _reason(answer: Answer) -> str:
    return answer.error or (f"http_{answer.status}" if answer.status else answer.outcome)


def _json(answer: Answer) -> dict[str, object]:
    """Twilio's answer is JSON of its own servers; what is none says nothing."""
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
