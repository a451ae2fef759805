"""What `connector init` writes: a commented config.toml that loads as it is once CONNECTOR_KEY is set."""

from pathlib import Path
from typing import Final

_TEXT: Final = Path(__file__).with_name("starting.toml")


def starting_config() -> str:
    """The text of a first config.toml."""
    return _TEXT.read_text("utf-8")
