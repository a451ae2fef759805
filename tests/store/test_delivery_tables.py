"""The tables of deliveries hold what they should: each kind of work has an index of its own."""

import pytest
from sqlalchemy import Index

from connector.store.delivery_tables import DEAD, OPEN, UNDONE, webhook_deliveries


@pytest.mark.parametrize("where", [OPEN, UNDONE, DEAD])
def test_each_kind_of_work_has_an_index_that_both_databases_keep_small(where: str) -> None:
    found = [one for one in webhook_deliveries.indexes if _where(one, "sqlite") == where]

    [index] = found
    assert _where(index, "postgresql") == where
    assert next(iter(index.columns)).name == "endpoint_id"


def _where(index: Index, dialect: str) -> str:
    return str(index.dialect_options[dialect]["where"])
