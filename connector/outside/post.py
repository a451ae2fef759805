"""What people are sent, and by which ways: one function for each that is configured.

The one rule: a way that nothing is configured for is not there, so nobody can believe that it sends.
"""

from collections.abc import Callable

from ..domain.clock import Clock
from ..domain.notifications import Result, Sending
from .http import Client
from .sms import TextHook, TwilioAccount, by_hook, by_twilio
from .smtp import Mailer, MailServer


def senders(
    mail: MailServer | None, texts: TwilioAccount | TextHook | None, client: Client, clock: Clock
) -> dict[str, Callable[[Sending], Result]]:
    """By way, `email` and `sms`."""
    found: dict[str, Callable[[Sending], Result]] = {}
    if mail is not None:
        found["email"] = Mailer(mail, clock).send
    if isinstance(texts, TwilioAccount):
        found["sms"] = by_twilio(texts, client)
    elif texts is not None:
        found["sms"] = by_hook(texts, client, clock)
    return found
