"""A multipart form (RFC 7578), read whole and strictly: fields of text, each once.

Of our platforms one sends such bodies, of a dozen short fields. What a file would be is passed
over, and whatever two readers could understand differently is refused.
"""

import re
from typing import Final

from ..domain.errors import BadJson

MAX_PARTS: Final = 500  # as of any form
MAX_HEAD: Final = 2_000  # bytes of one part's headers; those of a field take under 100

_BOUNDARY: Final = re.compile(r';\s*boundary=(?:"([^"\\]{1,70})"|([^\s";,]{1,70}))\s*(?=;|$)', re.IGNORECASE)
_DISPOSITION: Final = re.compile(
    r'content-disposition:[ \t]*form-data[ \t]*;[ \t]*name="([^"\r\n]*)"([ \t]*;[ \t]*filename\*?=.*)?[ \t]*',
    re.IGNORECASE,
)
_WRITTEN_AS: Final = re.compile(
    r"content-transfer-encoding:[ \t]*(?!(?:7bit|8bit|binary)[ \t]*$)", re.IGNORECASE
)
_ESCAPED: Final = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))  # how browsers write these in a name


def multipart(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a multipart form body, or BadJson; a field sent twice is refused."""
    pieces = _pieces(body, _boundary(content_type))
    found: dict[str, str] = {}
    for piece in pieces:
        field = _field(piece)
        if field is None:
            continue
        name, value = field
        if name in found:
            raise BadJson("A field stands twice in the form")
        found[name] = value
    return found


def _boundary(content_type: str) -> bytes:
    named = _BOUNDARY.findall(content_type)
    if len(named) != 1:
        raise BadJson("The content type names no boundary of the form's parts")
    return "".join(named[0]).encode("utf-8", "surrogatepass")


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries, from the first to the closing one."""
    before, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MAX_PARTS + 2)
    if len(pieces) > MAX_PARTS + 1:
        raise BadJson(f"The form has more than {MAX_PARTS} fields")
    if before or not pieces or pieces[-1].rstrip(b" \t\r\n") != b"--":
        raise BadJson("The form's parts do not begin and end as its boundary says")
    return pieces[:-1]


def _field(piece: bytes) -> tuple[str, str] | None:
    """Name and value of one part, None for a file."""
    line_end, blank, rest = piece.partition(b"\r\n")
    # A part that begins with its blank line has no headers, and so no name.
    head, parted, content = rest.partition(b"\r\n\r\n")
    if line_end.strip(b" \t") or not blank or not parted or len(head) > MAX_HEAD:
        raise BadJson("A part of the form has no readable headers")
    try:
        lines, value = head.decode("utf-8").split("\r\n"), content
        named = [match for match in map(_DISPOSITION.fullmatch, lines) if match]
        if len(named) != 1 or any(map(_WRITTEN_AS.match, lines)):
            raise BadJson("A part of the form does not say its name, or is encoded")
        name, file = named[0].groups()
        if file:
            return None
        for written, meant in _ESCAPED:
            name = name.replace(written, meant)
        text = value.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise BadJson("The form is not in UTF-8") from fault
    if "\x00" in name or "\x00" in text:
        raise BadJson("A text holds a NUL")
    return name, text
