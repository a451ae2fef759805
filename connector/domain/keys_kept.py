"""What is kept of a text by which the same is known again, where the text may tell of a person.

The one rule: of such a text only the ids of contacts stand anywhere, so that two contacts can
become one; the rest is its digest, so that whoever is erased leaves no address behind.
"""

import hashlib
import re
from typing import Final

from . import ids

_CONTACT: Final = re.compile(rf"(?<![0-9A-Za-z_]){ids.CONTACT}_[0-9A-Z]{{26}}(?![0-9A-Za-z_])")
_PLACE: Final = "\x00"
"""Where an id stood: no text that is kept has such a character."""


def kept(text: str) -> str:
    """The same for the same text only; a contact's id alone is itself."""
    found = _CONTACT.findall(text)
    if found == [text]:
        return text
    rest = _CONTACT.sub(_PLACE, text) if found else text
    return " ".join([hashlib.sha256(rest.encode("utf-8", "surrogatepass")).hexdigest(), *found])
