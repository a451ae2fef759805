"""Statements of the hot path: built with SQLAlchemy Core, compiled once, run on the driver.

Core spends some 60 µs on each statement that SQLite answers in 5; the main job has
seventeen. What is compiled here is Core's own text, with Core's own types on the
way in and out; nothing else of it is left away.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ClauseElement, Dialect, Insert

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


class _Compiled:
    """One statement for one kind of database. `row` converts what the driver gives."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, keys: Sequence[str] | None) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=None if keys is None else list(keys))
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise ValueError("a prepared statement cannot have a list of unknown length")
        self.sql: Final[str] = str(compiled)
        self._is_positional: Final[bool] = dialect.positional
        self._columns_given: Final = None if keys is None else frozenset(keys)
        names = compiled.positiontup if dialect.positional else compiled.bind_names.values()
        self._binds: Final = [(name, *_bind(compiled.binds[name], dialect)) for name in names]
        self._written: Final = [compiled.escaped_bind_names.get(name, name) for name in names]
        self._columns: Final = [
            (column.keyname, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in compiled._result_columns  # as Core's own rows are named and converted
        ]

    def parameters(self, values: Values) -> Any:
        """The driver's form of `values`, each through its column's type.

        ValueError where one is missing, or an INSERT is given other columns.
        """
        if self._columns_given is not None and self._columns_given != values.keys():
            raise ValueError(f"this INSERT was prepared for other columns: {sorted(values)}")
        found = []
        try:
            for name, convert, constant in self._binds:
                value = values[name] if constant is None else values.get(name, constant[0])
                found.append(value if convert is None else convert(value))
        except KeyError:
            missing = [name for name, _, constant in self._binds if constant is None and name not in values]
            if not missing:
                raise
            raise ValueError(f"this statement needs values for {missing}, and has {sorted(values)}") from None
        return found if self._is_positional else dict(zip(self._written, found, strict=True))

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
            compiled = _Compiled(statement, dialect, list(values) if is_insert else None)
            # Whichever thread was first: one statement for all, or their INSERTs could differ in columns.
            found = self._by_dialect.setdefault(dialect.name, compiled)
        return found

    @property
    def statement(self) -> Any:
        """As Core runs it, where a connection for reading asks."""
        return self._statement


def _bind(bind: Any, dialect: Dialect) -> tuple[Convert | None, tuple[Any] | None]:
    """How a value is converted, and the one that stands in the statement itself; None: a caller gives it."""
    return (
        bind.type.dialect_impl(dialect).bind_processor(dialect),
        None if bind.required else (bind.effective_value,),
    )
