"""What a verb works with."""

from dataclasses import replace
from pathlib import Path

import pytest

from connector.cli.builder import Call, Misconfigured, Undone
from connector.domain.errors import Unavailable
from connector.flows.gateway import Gateway
from tests.cli.shell import shell_in
from tests.kit.house import House


class Watched(Gateway):
    """A gateway that knows whether it was closed."""

    is_closed = False

    def close(self) -> None:
        super().close()
        self.is_closed = True


def test_a_verb_has_the_gateway_until_it_ends_also_in_an_error(house: House) -> None:
    watched = Watched(house.gateway.parts)
    call = Call(replace(shell_in(house).builder, gateway=lambda _: watched))

    with pytest.raises(Unavailable), call.gateway() as gateway:
        assert gateway.account("glow-spa").slug == "glow-spa"
        assert not watched.is_closed
        raise Unavailable

    assert watched.is_closed


def test_the_gateway_is_built_from_the_configuration_that_was_named(house: House) -> None:
    asked: list[Path | None] = []

    def build(config: Path | None) -> Gateway:
        asked.append(config)
        return Watched(house.gateway.parts)

    call = Call(replace(shell_in(house).builder, gateway=build), config=Path("shop.toml"))

    with call.gateway():
        assert asked == [Path("shop.toml")]


def test_a_wrong_configuration_is_a_way_of_not_being_done() -> None:
    assert issubclass(Misconfigured, Undone)
