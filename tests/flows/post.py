"""A house that sends: mail to a real SMTP server, texts to a real receiver; and what came of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.outside.sms import TwilioAccount
from connector.outside.smtp import MailServer
from tests.kit.house import House, open_house
from tests.kit.mailbox import Mailbox
from tests.kit.receiver import Recorder

MIA = {"name": "Mia", "email": "mia@example.com"}
PHONE = "+12125550123"
SENDS = {"txt": "Subject: Hello\n\nHello.\n", "sms": "Hello\n"}


@dataclass
class PostHouse:
    """A house with its mailbox, and Twilio played by a receiver that answers 201."""

    house: House
    box: Mailbox
    twilio: Recorder

    def send(self) -> int:
        """Send what is due, and all that its retries make due at once."""
        return self.house.gateway.notifications.send()

    @property
    def notifications(self) -> list[dict[str, Any]]:
        """Oldest first."""
        return self.house.gateway.notifications.page(self.house.account, {}).data[::-1]


@contextmanager
def open_post_house(folder: Path, url: str, **how: Any) -> Iterator[PostHouse]:
    with Mailbox() as box, Recorder() as twilio:
        how.setdefault("mail", MailServer(box.url, "gifts@example.com"))
        where = twilio.url.removesuffix("/hook")
        how.setdefault("texts", TwilioAccount("AC1", "t0ken-of-twilio", "+15005550006", where))
        house = open_house(folder, url, **how)
        try:
            yield PostHouse(house, box, twilio)
        finally:
            house.gateway.close()


def recipe(steps: str, expect: str, *, on: str = "booking.completed", also: str = "") -> Mapping[str, str]:
    """A live recipe of this name with these steps, and tests that let it be live."""
    return {
        "thanks": f"""\
recipe: thanks
title: Thanks
status: live
on: {on}
{also}if: contact.visits != 77
do:
{steps}
tests:
  - name: somebody comes
    event: {on}
    given: {{contact: {{visits: 1}}}}
    expect: {expect}
  - name: somebody else
    event: {on}
    given: {{contact: {{visits: 77}}}}
    expect: nothing
"""
    }
