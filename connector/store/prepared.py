"""Statements of the hot path: built with SQLAlchemy Core, compiled once, run on the driver.

Core spends some 60 µs on each statement that SQLite answers in 5; the main job has
seventeen. What is compiled here is Core's own text, with Core's own types on the
way in and out; nothing else of it is left away.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ClauseElement, Dialect, Insert, Select

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


class _Compiled:
    """One statement for one kind of database. `rows` converts what the driver gives."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, keys: Sequence[str] | None) -> None:
        compiled: Any = statement.compile(
            dialect=dialect, column_keys=None if keys is None else list(keys), compile_kwargs={}
        )
        self.sql: Final[str] = str(compiled)
        self._is_positional: Final[bool] = dialect.positional
        self._columns_given: Final = None if keys is None else frozenset(keys)
        names: Sequence[str] = compiled.positiontup if dialect.positional else list(compiled.binds)
        if getattr(compiled, "post_compile_params", ()):
            raise ValueError("a prepared statement cannot have a list of unknown length")
        self._binds: Final = [
            (name, compiled.binds[name].type.bind_processor(dialect), _constant(compiled.binds[name]))
            for name in names
        ]
        self._columns: Final = [
            (column.key, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in _columns_of(statement)
        ]

    def parameters(self, values: Values) -> Any:
        """The driver's form of `values`, each through its column's type; ValueError for other columns."""
        if self._columns_given is not None and self._columns_given != values.keys():
            raise ValueError(f"this INSERT was prepared for other columns: {sorted(values)}")
        found = []
        for name, convert, constant in self._binds:
            value = values[name] if constant is None else constant[0]
            found.append(value if convert is None else convert(value))
        if self._is_positional:
            return found
        return {bind[0]: value for bind, value in zip(self._binds, found, strict=True)}

    def row(self, raw: Sequence[Any]) -> dict[str, Any]:
        return {
            name: value if convert is None else convert(value)
            for (name, convert), value in zip(self._columns, raw, strict=True)
        }


class Prepared:
    """A statement that is compiled at its first use on each kind of database.

    An INSERT's columns are those of the first row that it is given: every later one
    must have the same. `returns_id`: it gives the new row's number.
    """

    def __init__(self, statement: Any, *, returns_id: bool = False) -> None:
        self._statement = statement
        self._returns_id = returns_id
        self._by_dialect: dict[str, _Compiled] = {}

    def compiled(self, dialect: Dialect, values: Values) -> _Compiled:
        """The statement for `dialect`; `values` name an INSERT's columns."""
        found = self._by_dialect.get(dialect.name)
        if found is None:
            statement = self._statement
            is_insert = isinstance(statement, Insert)
            if self._returns_id and dialect.name != "sqlite":
                statement = statement.returning(statement.table.c.id)
            found = _Compiled(statement, dialect, list(values) if is_insert else None)
            self._by_dialect[dialect.name] = found
        return found

    @property
    def statement(self) -> Any:
        """As Core runs it, where a connection for reading asks."""
        return self._statement


def _columns_of(statement: ClauseElement) -> Sequence[Any]:
    if isinstance(statement, Select):
        return list(statement.selected_columns)
    returning: Sequence[Any] = getattr(statement, "_returning", ())
    return [column for column in returning if hasattr(column, "key")]


def _constant(bind: Any) -> tuple[Any] | None:
    """The value that stands in the statement itself, or None where a caller gives it."""
    if bind.required or (bind.value is None and bind.callable is None):
        return None
    return (bind.effective_value,)
