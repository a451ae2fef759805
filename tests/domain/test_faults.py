"""What an error is: its place in a file, its field, and that everybody takes it from one module."""

from types import ModuleType

import pytest

from connector.domain import conflicts, errors, faults
from tests.kit.sources import sources

INNER = ("conflicts", "faults")


@pytest.mark.parametrize("module", [conflicts, faults])
def test_all_of_it_is_to_be_had_from_the_one_module(module: ModuleType) -> None:
    home = module.__name__
    own = {name: one for name, one in vars(module).items() if getattr(one, "__module__", "") == home}

    assert own
    assert {name: vars(errors).get(name) for name in own} == own


def test_nobody_else_takes_errors_from_where_they_are_written() -> None:
    names = [f"from .{name} import" for name in INNER] + [f"domain.{name} import" for name in INNER]
    found = [file.path for file in sources("connector") if any(name in file.text for name in names)]

    assert sorted(found) == ["connector/domain/conflicts.py", "connector/domain/errors.py"]


def test_a_fault_is_written_as_editors_find_it_and_sorted_by_its_place() -> None:
    later, first = faults.Fault("b.yaml", 1, 1, "is unknown"), faults.Fault("a.yaml", 12, 3, "is missing")

    assert str(first) == "a.yaml:12:3: is missing"
    assert sorted([later, first]) == [first, later]
