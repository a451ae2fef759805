"""The registry: a file with an ADAPTER is an adapter, and nothing else is."""

from pathlib import Path

import pytest

from connector.adapters import registry
from connector.domain.errors import ValidationFailed


def test_it_finds_the_adapters_by_their_files() -> None:
    found = registry.adapters()
    assert {"calendly", "generic", "make", "standard", "zapier"} <= set(found)
    assert list(found) == sorted(found)
    for name, adapter in found.items():
        assert adapter.name == name
        assert Path(registry.__file__).with_name(f"{name}.py").is_file()


@pytest.mark.parametrize("name", ["kit", "flat", "shared", "reading", "registry", "../kit", "", "Calendly"])
def test_what_is_no_adapter_is_not_found(name: str) -> None:
    assert name not in registry.adapters()
    with pytest.raises(ValidationFailed):
        registry.find(name)


def test_a_typo_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ValidationFailed, match="did you mean 'calendly'"):
        registry.find("calendy")


def test_nobody_can_add_one_at_run_time() -> None:
    with pytest.raises(TypeError):
        registry.adapters()["mine"] = registry.find("make")  # type: ignore[index]
