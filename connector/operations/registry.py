"""Finds every module here that has an OPERATION; its name must be its file's name."""

import importlib
import pkgutil
from functools import cache

from .kit import Operation


@cache
def operations() -> dict[str, Operation]:
    """All operations by name, sorted; a module that cannot be loaded is an error at the start."""
    package = __name__.rpartition(".")[0]
    found: dict[str, Operation] = {}
    for module in sorted(
        pkgutil.iter_modules(importlib.import_module(package).__path__), key=lambda one: one.name
    ):
        operation = getattr(importlib.import_module(f"{package}.{module.name}"), "OPERATION", None)
        if operation is None:
            continue
        if operation.name != module.name:
            raise ValueError(f"operations/{module.name}.py holds an operation named {operation.name}")
        found[module.name] = operation
    return found
