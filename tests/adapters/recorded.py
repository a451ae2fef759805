"""Bodies as platforms document and send them, cleaned of people, one file each beside this one."""

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("payloads")


def body_of(name: str) -> bytes:
    """The bytes of `payloads/<name>.json`."""
    return (FOLDER / f"{name}.json").read_bytes()


def fields_of(name: str) -> dict[str, Any]:
    """Its fields, to be changed or sent as a form."""
    found: dict[str, Any] = json.loads(body_of(name))
    return found
