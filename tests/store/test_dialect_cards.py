"""What only a dialect says of a card is kept as it was said."""

from dataclasses import replace
from functools import partial

from connector.store import dialect_cards
from connector.store.dialect_cards import Saying
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House


def test_what_was_said_last_stands_and_the_rest_of_it_is_nobody_s(house: House) -> None:
    house.issue(100)
    house.issue(200)
    first, second = (row["id"] for row in house.rows("cards"))
    said = Saying(THE_MOMENT, "gift_cards.birthday.liquid", 2**53 - 1, 7)
    write = house.gateway.parts.writer.run

    for one in (said, replace(said, order_id=None)):
        write(partial(dialect_cards.put, card_id=first, saying=one))
        with house.gateway.parts.engines.reading() as connection:
            assert dialect_cards.of(connection, [first, second]) == {first: one}
