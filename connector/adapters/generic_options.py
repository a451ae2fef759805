"""The options of a `generic` source: read into one value, and every fault of theirs reported at once.

Reading never raises: what a faulty option says is left out, and a source with
a faulty signature option is never taken for one without a signature.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..domain.inbound import Source
from . import kit
from .flat import NAMES, OURS, is_ours
from .reading import is_path

IGNORED: Final = ""
"""What `event_types` maps those names to that are to reach no recipe."""
ENCODINGS: Final = ("hex", "base64")
UNITS: Final = ("major", "minor")
TEXTS: Final = ("signature_header", "signature_prefix", "signature_encoding", "timestamp_header", "type")
KNOWN: Final = (*TEXTS, "fields", "event_types", "amount_unit")

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Options:
    """A generic source's options. Header names in lower case; `type_path` or `fixed_type`, or neither."""

    is_signed: bool = False
    signature_header: str = ""
    signature_prefix: str = ""
    signature_encoding: str = "hex"
    timestamp_header: str | None = None
    fixed_type: str = ""
    type_path: str = ""
    is_minor: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    event_types: Mapping[str, str] = field(default_factory=dict)


def read(source: Source) -> Options:
    """What the options say; where `signature_header` or `timestamp_header` stands, it is demanded."""
    options = source.options
    named = _text(options, "type")
    is_fixed = is_ours(named)
    return Options(
        is_signed="signature_header" in options,
        signature_header=_text(options, "signature_header").lower(),
        signature_prefix=_text(options, "signature_prefix"),
        signature_encoding=_text(options, "signature_encoding") or ENCODINGS[0],
        timestamp_header=_text(options, "timestamp_header").lower()
        if "timestamp_header" in options
        else None,
        fixed_type=named if is_fixed else "",
        type_path="" if is_fixed else named,
        is_minor=options.get("amount_unit") == "minor",
        fields=_texts(options, "fields"),
        event_types=_texts(options, "event_types"),
    )


def check_source(source: Source) -> list[str]:
    """What is wrong in the options, each beginning with the option's name."""
    options = source.options
    faults = kit.common_faults(source)
    faults += [f"{name}: must be a text" for name in TEXTS if not isinstance(options.get(name, ""), str)]
    return faults + _signature_faults(options) + _field_faults(source) + _type_faults(options)


def _signature_faults(options: Mapping[str, object]) -> list[str]:
    faults = []
    for name in ("signature_header", "timestamp_header"):
        written = options.get(name)
        if isinstance(written, str) and not _HEADER_NAME.fullmatch(written):
            faults.append(f"{name}: {written[:80]!r} is no name of a header")
    if "signature_header" not in options:
        needy = ("signature_prefix", "signature_encoding", "timestamp_header")
        faults += [f"{name}: means nothing without signature_header" for name in needy if name in options]
    encoding = options.get("signature_encoding", ENCODINGS[0])
    if isinstance(encoding, str) and encoding not in ENCODINGS:
        faults.append(f"signature_encoding: {encoding[:80]!r} is neither {' nor '.join(ENCODINGS)}")
    return faults


def _field_faults(source: Source) -> list[str]:
    mapped = source.options.get("fields", {})
    if not isinstance(mapped, Mapping):
        return ["fields: must be a table of our names and paths in the body"]
    faults = []
    for name, path in mapped.items():
        if name == "type":
            faults.append("fields.type: write it as the option `type` instead")
        elif name not in NAMES:
            faults.append(f"fields.{name}: no field of ours{kit.suggestion(str(name), NAMES)}")
        elif not is_path(path):
            faults.append(f"fields.{name}: must be a path in the body, such as customer.email")
    if "amount" in mapped and "currency" not in mapped:
        faults += kit.needs_currency(source)
    return faults


def _type_faults(options: Mapping[str, object]) -> list[str]:
    faults = []
    named = options.get("type", "type")
    if isinstance(named, str) and not is_path(named):
        faults.append("type: must be one of our event types, or a path in the body")
    unit = options.get("amount_unit", UNITS[0])
    if unit not in UNITS:
        faults.append(f"amount_unit: must be {' or '.join(UNITS)}")
    listed = options.get("event_types", {})
    if not isinstance(listed, Mapping):
        return [*faults, "event_types: must be a table of the platform's names and ours"]
    for name, ours in listed.items():
        if not isinstance(ours, str) or not (ours == IGNORED or is_ours(ours)):
            known = kit.suggestion(str(ours), sorted(OURS))
            faults.append(f"event_types.{name}: must be an event type of ours, or empty to ignore it{known}")
    return faults


def _text(options: Mapping[str, object], name: str) -> str:
    found = options.get(name)
    return found if isinstance(found, str) else ""


def _texts(options: Mapping[str, object], name: str) -> dict[str, str]:
    found: Any = options.get(name)
    if not isinstance(found, Mapping):
        return {}
    return {str(key): value for key, value in found.items() if isinstance(value, str)}
