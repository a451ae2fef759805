"""One request as it arrived: its address, headers, URL and id. Pure functions over a WSGI environ.

The one rule: what a client could have written itself (Host, X-Forwarded-For) is
believed only where the configuration says so.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from ..domain.errors import BadRequest, FieldError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN: Final = "unknown"
"""The address of a caller that cannot be told: no list of allowed addresses has it."""

MAX_HOPS: Final = 16  # proxies that one request passes; who writes more of them is making them up
MAX_PARAMETER: Final = 2_048  # characters, as the URL of a REST Hook; a cursor has under 100
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # what could end a line in a log or a header
_ID: Final = "connector.request_id"
_BY: Final = "connector.key_id"
_PATH_SIGNS: Final = "/-._~!$&'()*+,;=:@"  # RFC 3986: what a path may hold as it is
_VARIABLE: Final = re.compile(r"<(?:[^<>:]*:)?(\w+)>")
_RELAYED: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@dataclass(frozen=True, slots=True)
class Site:
    """Where this gateway stands: its public address without a last slash, and the proxies before it."""

    public_url: str
    trusted_proxies: tuple[Network, ...] = ()

    @classmethod
    def of(cls, public_url: str, trusted_proxies: Sequence[str]) -> "Site":
        """From configured text; ValueError for what is no network."""
        networks = tuple(ipaddress.ip_network(one, strict=False) for one in trusted_proxies)
        return cls(public_url.rstrip("/"), networks)


def address_of(environ: Mapping[str, Any], site: Site) -> str:
    """The caller's address: the peer, or the nearest one that no trusted proxy has, where the peer is one.

    Each proxy appends whom it saw, so the header is read from the right; what a
    client wrote stands further left and is never reached. UNKNOWN where a
    trusted proxy names something that is no address.
    """
    found = _address(str(environ.get("REMOTE_ADDR") or ""))
    if found is None:
        return UNKNOWN
    if not _is_trusted(found, site):
        return str(found)
    named = str(environ.get("HTTP_X_FORWARDED_FOR") or "")
    for hop in reversed(named.split(",")[-MAX_HOPS:] if named else []):
        found = _address(_without_port(hop.strip()))
        if found is None:
            return UNKNOWN
        if not _is_trusted(found, site):
            break
    return str(found)


def is_local(environ: Mapping[str, Any], site: Site) -> bool:
    """Whether this machine itself asks, and no proxy on it that passes on somebody else's request.

    A trusted proxy is one whatever its headers say: some add none unless they are told to.
    """
    peer = _address(str(environ.get("REMOTE_ADDR") or ""))
    if peer is None or not peer.is_loopback or _is_trusted(peer, site):
        return False
    return not any(name in environ for name in _RELAYED)


def headers_of(environ: Mapping[str, Any]) -> dict[str, str]:
    """Names in lower case; a header that came twice is joined by `, ` already (PEP 3333)."""
    return {name: value for key, value in environ.items() if (name := _header(key)) and value}


def url_of(environ: Mapping[str, Any], site: Site, path: str) -> str:
    """The address that was called, as the caller was told it: never from the Host header."""
    url = site.public_url + quote(path, safe=_PATH_SIGNS)
    query = query_of(environ)
    return f"{url}?{query}" if query else url


def query_of(environ: Mapping[str, Any]) -> str:
    """The query as it was written, without its question mark."""
    return str(environ.get("QUERY_STRING") or "").encode("latin-1", "replace").decode("utf-8", "replace")


def parameters_of(pairs: Mapping[str, list[str]]) -> dict[str, str]:
    """The query's parameters; BadRequest for one that comes twice, is too long or not printable."""
    found = {}
    for name, values in pairs.items():
        wrong = _wrong(name, values)
        if wrong:
            shown = name[:60] if name.isprintable() else "a parameter"
            raise BadRequest(f"{shown} {wrong}", errors=[FieldError(shown, wrong)])
        found[name] = values[0]
    return found


def note_id(environ: dict[str, Any], request_id: str) -> None:
    """The id under which this request is answered and logged."""
    environ[_ID] = request_id


def id_of(environ: Mapping[str, Any]) -> str:
    return str(environ.get(_ID, ""))


def note_key(environ: dict[str, Any], key_id: str) -> None:
    """Whose request this is, by the id of the key that it came with."""
    environ[_BY] = key_id


def key_of(environ: Mapping[str, Any]) -> str | None:
    """The id of the key that was found good; None where there was none."""
    found = environ.get(_BY)
    return None if found is None else str(found)


@lru_cache(maxsize=256)
def route_of(rule: str | None) -> str:
    """A routing rule as logs and metrics show it, `/v1/gift-cards/{card}`; `none` where no route fits."""
    return "none" if rule is None else _VARIABLE.sub(r"{\1}", rule)


def _wrong(name: str, values: list[str]) -> str:
    if len(values) != 1:
        return "stands in the query more than once"
    if len(name) > MAX_PARAMETER or len(values[0]) > MAX_PARAMETER:
        return f"has more than {MAX_PARAMETER} characters"
    return "holds a control character" if CONTROL.search(name + values[0]) else ""


@lru_cache(maxsize=256)
def _header(key: str) -> str:
    if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        return key.replace("_", "-").lower()
    return key[5:].replace("_", "-").lower() if key.startswith("HTTP_") else ""


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])  # a zone says nothing to anybody else
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(hop: str) -> str:
    """`203.0.113.7:4711` and `[2001:db8::1]:4711`, as some proxies write them, without the port."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    host, colon, port = hop.partition(":")
    return host if colon and port.isdigit() else hop


def _is_trusted(address: ipaddress.IPv4Address | ipaddress.IPv6Address, site: Site) -> bool:
    return any(address in network for network in site.trusted_proxies)
