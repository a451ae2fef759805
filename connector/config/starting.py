"""What `connector init` writes: a commented config.toml that loads as it is once CONNECTOR_KEY is set."""

from pathlib import Path
from typing import Final

_TEXT: Final = Path(__file__).with_name("starting.toml")
_PROPOSED: Final = "\n# One block for each platform that sends webhooks."


def starting_config(sources: str = "") -> str:
    """The text of a first config.toml, with these blocks of sources in place of the one that it proposes."""
    text = _TEXT.read_text("utf-8")
    if not sources:
        return text
    head, proposed, _ = text.partition(_PROPOSED)
    assert proposed, "starting.toml begins its sources with the sentence of _PROPOSED"
    return f"{head}{proposed} `connector sources show` says what to\n# enter there.\n\n{sources}"
