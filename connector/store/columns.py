"""What columns are made of: moments, JSON, keys, and how constraints are named."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    case,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..domain.jsontext import dumps, read_own
from ..domain.money import MAX_MINOR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# ruff: noqa: ARG002 - SQLAlchemy hands the dialect to every conversion


def moment(microseconds: int) -> datetime:
    """The moment so many microseconds after 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds(at: datetime) -> int:
    """How a moment is kept."""
    return (at - _EPOCH) // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC, kept as microseconds since 1970: sorts alike everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else moment(value)


def summable(amount: Any) -> Any:
    """An amount for a sum that cannot overflow: what no amount may be is cut to just beyond that.

    Somebody who writes to the database by hand may write one near 2^63, and SQLite ends a
    query whose sum passes it. The row itself is found by other questions.
    """
    return case((amount > MAX_MINOR, MAX_MINOR + 1), (amount < 0, -1), else_=amount)


class JsonText(TypeDecorator[Any]):
    """Canonical JSON as text: decimals stay exact, and the same on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dumps(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value == "{}":  # as most are, and rows are read by the hundred thousand
            return {}
        return None if value is None else read_own(value)


def is_name(text: str) -> bool:
    """Whether a public id or slug can be `text`: printable ASCII. PostgreSQL cannot be asked for others."""
    return text.isascii() and text.isprintable()


_KEY: Final[TypeEngine[int]] = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER only


def id_column() -> Column[int]:
    return Column("id", _KEY, primary_key=True)


def public_column() -> Column[str]:
    return Column("public_id", Text, nullable=False, unique=True)


def ref(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(f"{target}.id"), nullable=nullable)
