"""Which ways there are: those that something is configured for."""

from connector.domain.clock import SystemClock
from connector.outside.http import Client
from connector.outside.post import senders
from connector.outside.sms import TextHook, TwilioAccount
from connector.outside.smtp import MailServer


def test_a_way_is_there_where_it_is_configured() -> None:
    client, clock = Client(), SystemClock()
    mail = MailServer("smtp://localhost", "a@example.com")
    twilio = TwilioAccount("AC1", "t0ken", "+1")
    hook = TextHook("https://sms.example.com", "whsec_" + "A" * 32)

    assert senders(None, None, client, clock) == {}
    assert set(senders(mail, None, client, clock)) == {"email"}
    assert set(senders(None, twilio, client, clock)) == {"sms"}
    assert set(senders(mail, hook, client, clock)) == {"email", "sms"}
    client.close()
