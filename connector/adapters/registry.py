"""Finds the adapters: every module of this folder that has an ADAPTER. Nobody edits a list to add one."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from ..domain.errors import ValidationFailed
from .kit import Adapter, suggestion


@functools.cache
def adapters() -> Mapping[str, Adapter]:
    """Every adapter by its name, in alphabetical order."""
    package = __name__.rpartition(".")[0]
    found: dict[str, Adapter] = {}
    for module in sorted(one.name for one in pkgutil.iter_modules(importlib.import_module(package).__path__)):
        adapter = getattr(importlib.import_module(f"{package}.{module}"), "ADAPTER", None)
        if adapter is None:
            continue
        if not isinstance(adapter, Adapter) or adapter.name != module:
            raise TypeError(f"{package}.{module}: ADAPTER must be an Adapter named {module!r}")
        found[module] = adapter
    return MappingProxyType(found)


def find(name: str) -> Adapter:
    """The adapter of this name, or ValidationFailed with the nearest one."""
    adapter = adapters().get(name)
    if adapter is None:
        raise ValidationFailed(f"No adapter is called {name[:80]!r}{suggestion(name, adapters())}")
    return adapter


def about(name: str) -> str:
    """What the adapter's file says of its platform: a sentence, its page, and a list of facts."""
    return inspect.cleandoc(importlib.import_module(f"{__package__}.{name}").__doc__ or "")
