"""Whatever the document allows to be asked is answered as the document says, and never by a fault of ours.

Schemathesis asks every call with its examples, at the edges of each field, with random
bodies, with what the document forbids, without a key, by other methods, and one call
after another where an answer leads to the next. The same requests in each run; ten
times as many in the soak.
"""

import itertools
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.config import SchemathesisConfig

from connector.web import examples, schemas
from connector.web.calls import PREFIXES, Call
from connector.web.factory import every_call
from connector.web.openapi import document, operation_id
from tests.kit.databases import PostgresMaker, SqliteMaker
from tests.kit.house import PUBLIC_URL, House, open_house
from tests.web.door import door_of
from tests.web.drive import LOCAL, PUBLIC, Driver

SOAK = bool(os.environ.get("CONNECTOR_SOAK"))
EXAMPLES = 100 if SOAK else 3
WALKS, STEPS = (200, 50) if SOAK else (10, 20)

SECRET = "gck_" + "s" * 43
# A lawful body may still contradict itself (an amount and `all`), or repeat an Idempotency-Key: 422, 402.
# An ETag may be of long ago: 412, or any: 304.
LAWFUL = ["2xx", "304", "401", "402", "403", "404", "409", "412", "422"]
# And a cursor is a text that only we can make, `since` is before `until`, and a number in free JSON, or where
# an action takes one for a decimal, may be one that no reader keeps exact.
LAWFUL_AND_STRANGE = [*LAWFUL, "400"]
STRANGE = {"mapping", "any", "objects", "decimal"}
FROM_THE_DOCUMENT = {"extra-data-sources": {"responses": False}}  # ids are others in each run
MAKERS = {"sqlite": "sqlite", "postgresql": "postgres"}
BULK = "post_gift_cards_bulk"
ORDERS = "post_orders"
DATABASES = ["sqlite", "postgresql"] if SOAK else ["sqlite"]
EVERY_RUN_THE_SAME = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
A_WALK = settings(EVERY_RUN_THE_SAME, max_examples=WALKS, stateful_step_count=STEPS)


def config(mode: str) -> SchemathesisConfig:
    named = [operation_id(call) for call in every_call() if is_strange(call)]
    strange = [name for name in named if name not in (BULK, ORDERS)]
    return SchemathesisConfig.from_dict(
        {
            "seed": 7,
            "cache": {"enabled": False},
            "auth": {"openapi": {"key": {"bearer": SECRET}}},
            "generation": {
                "mode": mode,
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                "allow-x00": False,  # a NUL in a text is refused as BadJson, which no schema can say
            },
            "phases": dict.fromkeys(("examples", "coverage", "fuzzing"), FROM_THE_DOCUMENT),
            "checks": {"positive_data_acceptance": {"expected-statuses": LAWFUL}},
            "operations": [
                {
                    "include-operation-id": strange,
                    "checks": {"positive_data_acceptance": {"expected-statuses": LAWFUL_AND_STRANGE}},
                },
                {
                    # A source that was deleted takes nothing more and is still shown: its history stays.
                    "include-path": "/v1/sources/{source}",
                    "checks": {"use_after_free": {"enabled": False}},
                },
                {
                    # 1,000 lines are longer than a body may be here.
                    "include-operation-id": ORDERS,
                    "checks": {
                        "positive_data_acceptance": {"expected-statuses": [*LAWFUL_AND_STRANGE, "413"]}
                    },
                },
                {
                    "include-operation-id": BULK,
                    "checks": {
                        # A wrong line is an answer of its line, not of the call; 10,000 may be too long.
                        "negative_data_rejection": {"enabled": False},
                        "positive_data_acceptance": {"expected-statuses": [*LAWFUL_AND_STRANGE, "413"]},
                    },
                },
            ],
        }
    )


def is_strange(call: Call) -> bool:
    inside = {} if call.body is None else call.body.fields
    if call.is_tagged:  # the generator sends a bare 0 for a list of ETags, against the pattern
        return True
    since = any(field.kind == "moment" for field in call.query.values())
    return since or "cursor" in call.query or any(field.kind in STRANGE for field in inside.values())


def is_described(call: Call) -> bool:
    """Else tests/web/test_schemas.py names it."""
    try:
        return call.answer is None or bool(schemas.name_of(call.answer))
    except KeyError:
        return False


class Doorway:
    """A WSGI app that stays while houses come and go: what is asked goes to the house of the test in hand."""

    def __init__(self) -> None:
        self.to: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.to(environ, start_response)


DOORWAY = Doorway()
DOCUMENT = document([call for call in every_call() if is_described(call)], PUBLIC_URL)
BY_OPERATION = {"post_oauth_token": None, **{operation_id(call): call for call in every_call()}}
schema = schemathesis.openapi.from_dict(DOCUMENT, config=config("all"))
lawful = schemathesis.openapi.from_dict(DOCUMENT, config=config("positive"))
schema.app = lawful.app = DOORWAY


def driver_of(house: House) -> Driver:
    """Whoever asks at the doorway asks this house."""
    driver = Driver.at(door_of(house))
    house.gateway.create_key(house.account, name="all", scopes=["admin"], secret=SECRET)
    DOORWAY.to = driver.door.client.application
    return driver


@pytest.fixture
def driver(house: House) -> Driver:
    return driver_of(house)


@schema.parametrize()
@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
@EVERY_RUN_THE_SAME
def test_every_call_answers_as_the_document_says(case: Case[Any], driver: Driver) -> None:
    for place, value in case.path_parameters.items():
        if place in PREFIXES and value == examples.id_of(place):
            case.path_parameters[place] = driver.places.get(place, value)
    if isinstance(case.body, dict) and case.body.get("url") == PUBLIC:
        case.body["url"] = LOCAL  # no name is looked up outside
    case.call_and_validate()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_one_call_after_another_is_answered_as_the_document_says(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """What makes something is asked as the document's example, so that there is something to go on with.

    Each walk is through a house of its own: the same steps lead to the same answers.
    """
    maker: SqliteMaker | PostgresMaker = request.getfixturevalue(f"{MAKERS[kind]}_maker")
    number = itertools.count()

    class Walk(lawful.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            folder = tmp_path / str(next(number))
            folder.mkdir()
            self.stack = ExitStack()
            house = open_house(folder, self.stack.enter_context(maker.fresh(folder)))
            self.stack.callback(house.gateway.close)
            self.driver = driver_of(house)

        def teardown(self) -> None:
            self.stack.close()

        def before_call(self, case: Case[Any]) -> None:
            call = BY_OPERATION[case.operation.definition.raw["operationId"]]
            if call is not None and operation_makes(case):
                case.body = self.driver.body(call)
                case.headers.pop("Idempotency-Key", None)
            for place, value in case.path_parameters.items():
                there = self.driver.places.get(place, value)
                if not str(value).startswith(there[: len(there) - 16]):  # made at another time: nobody's
                    case.path_parameters[place] = there

    Walk.run(settings=A_WALK)


def operation_makes(case: Case[Any]) -> bool:
    """Whether its answer leads on."""
    return any("links" in answer for answer in case.operation.definition.raw["responses"].values())
