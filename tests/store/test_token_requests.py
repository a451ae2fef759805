"""Who asked for a token is kept under seal, and gone once somebody has looked."""

from functools import partial

from connector.store import token_requests
from tests.kit.house import House


def test_addresses_are_taken_once_the_oldest_first(house: House) -> None:
    parts = house.gateway.parts
    for address in ("one@glow.example", "two@glow.example", "no address"):
        parts.writer.run(partial(token_requests.add, ring=parts.ring, address=address))
    assert "glow.example" not in house.everything()

    def take(limit: int) -> list[str]:
        return parts.writer.run(lambda tx: token_requests.take(tx, parts.ring, limit))

    assert take(2) == ["one@glow.example", "two@glow.example"]
    with parts.engines.reading() as connection:
        assert token_requests.is_any(connection)
    assert (take(2), take(2)) == (["no address"], [])
    with parts.engines.reading() as connection:
        assert not token_requests.is_any(connection)
