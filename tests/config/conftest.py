"""A desk to write configuration files at: a folder with recipes and data, and an environment of its own."""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector.config import Settings, load
from connector.config.relations import CheckSource
from connector.domain.errors import FaultyFiles

A_KEY = base64.b64encode(b"k" * 32).decode("ascii")
ANOTHER_KEY = base64.b64encode(b"o" * 32).decode("ascii")
ADAPTERS = ("calendly", "generic", "square")
LEAST = '[secrets]\nkeys = ["env:CONNECTOR_KEY"]\n'
A_SHOP = '[[accounts]]\nslug = "shop"\ncurrency = "USD"\n'
A_SANDBOX = A_SHOP + "sandbox = true\n"
A_SOURCE = '[[sources]]\naccount = "shop"\nslug = "calendly"\nadapter = "calendly"\n'


@dataclass(frozen=True)
class Desk:
    """`folder` is where config.toml and what it refers to lie."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=lambda: {"CONNECTOR_KEY": A_KEY, "SIGNING": "s1gning"})

    @property
    def path(self) -> Path:
        return self.folder / "config.toml"

    def load(
        self, text: str, adapters: Collection[str] = ADAPTERS, check: CheckSource | None = None
    ) -> Settings:
        """The settings that `text` gives."""
        self.path.write_text(text, "utf-8")
        return load(self.path, self.environ, adapters, check)

    def faults(self, text: str, check: CheckSource | None = None) -> list[str]:
        """The faults of `text`, without the file's name: `line:column: message`."""
        with pytest.raises(FaultyFiles) as refused:
            self.load(text, check=check)
        assert {fault.file for fault in refused.value.faults} == {str(self.path)}
        return [str(fault).removeprefix(f"{self.path}:") for fault in refused.value.faults]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "data").mkdir()
    return Desk(tmp_path)
