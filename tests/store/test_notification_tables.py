"""The table of notifications keeps itself to its closed sets."""

import pytest
from sqlalchemy import update

from connector.domain.errors import ConnectorError
from connector.domain.notifications import OPEN_STATES, STATES, WAYS
from connector.store.notification_tables import OPEN, notifications
from tests.kit.deeds import make_sandbox
from tests.kit.house import House


def test_the_states_that_are_open_are_those_of_the_index() -> None:
    assert f"state IN {OPEN_STATES}" == OPEN and set(OPEN_STATES) < set(STATES)


@pytest.mark.parametrize("values", [{"state": "lost"}, {"via": "pigeon"}])
def test_what_is_in_no_set_is_refused(house: House, values: dict[str, str]) -> None:
    make_sandbox(house)
    house.issue(2500, recipient={"email": "mia@example.com"}, delivery="email")
    change = update(notifications).values(**values)

    with pytest.raises((ConnectorError, Exception)):
        house.gateway.parts.writer.run(lambda tx: tx.execute(change) and None)
    assert WAYS == ("email", "sms") and house.rows("notifications")[0]["state"] == "simulated"
