"""The text of an outgoing URL, read once by one pattern of ours into a Target.

The rule that holds: nobody parses the text a second time. The request is built
from the parts found here, so no two readers can disagree about the host.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

import idna

from ..domain.errors import FieldError, ValidationFailed

MAX_URL: Final = 2048  # what every receiver and every log can take
_MAX_NAME: Final = 253
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_BARRED_PORTS: Final = frozenset(  # as browsers bar them: a POST there can be read as another protocol
    (1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080)
)
_LOCAL_ENDS: Final = frozenset(
    ("localhost", "local", "internal", "localdomain", "lan", "home", "corp", "onion")
)

_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\\"'`<>^{}|#\ud800-\udfff\u2028\u2029]|\s")
_SHAPE: Final = re.compile(r"(?P<scheme>[A-Za-z]{4,5})://(?P<authority>[^/?]*)(?P<rest>[!-~]*)", re.ASCII)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_CAPITALS: Final = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}  # ASCII's only


Place = tuple[str, str, int]
"""Scheme, host and port: what a connection leads to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, in the only form that is used from here on.

    `host` is ASCII in small letters: a name, or an IP address without brackets
    (`is_ip`). `path_and_query` begins with `/`.
    """

    scheme: str
    host: str
    port: int
    path_and_query: str
    is_ip: bool

    @property
    def place(self) -> Place:
        return (self.scheme, self.host, self.port)

    @property
    def host_header(self) -> str:
        """The value of `host`: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_target(
    url: str, *, allow_http: bool = False, allow_local_names: bool = False, own_url: str = ""
) -> Target:
    """The parts of `url`, or ValidationFailed whose detail says which rule it breaks.

    `allow_local_names`: one-label names and ends such as `.internal` may be used.
    `own_url`: our own public address; a URL with its scheme, host and port would be a loop.
    """
    if len(url) > MAX_URL:
        raise _refused(f"The URL has {len(url)} characters; {MAX_URL} are the most")
    if _FORBIDDEN.search(url):
        raise _refused("The URL has a blank, a control, a quote, a fragment or one of \\ < > ^ { } |")
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        raise _refused(
            "The URL must look like https://host/path, with other letters percent-encoded in the path"
        )
    scheme = shape["scheme"].lower()
    if scheme != "https" and not (scheme == "http" and allow_http):
        raise _refused("Only https is allowed" + (" and http" if allow_http else ""))
    host, port, is_ip = _read_authority(shape["authority"], scheme)
    if not is_ip and not allow_local_names and _is_local(host):
        raise _refused(f"{host} is a name of a local network")
    rest = shape["rest"]
    target = Target(scheme, host, port, rest if rest.startswith("/") else "/" + rest, is_ip)
    if own_url and _is_same_place(target, own_url):
        raise _refused("This is our own public address: a message there would come back as a loop")
    return target


def _refused(reason: str) -> ValidationFailed:
    return ValidationFailed(reason, errors=[FieldError("url", reason)])


def _read_authority(authority: str, scheme: str) -> tuple[str, int, bool]:
    if "@" in authority:
        raise _refused("A user name or password in the URL is not allowed: use a custom header")
    if "%" in authority:
        raise _refused("The host must not be percent-encoded and has no zone")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise _refused("The host or port is not written correctly")
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if port in _BARRED_PORTS or (port not in (80, 443) and not 1024 <= port <= 65535):
        raise _refused(
            f"Port {port} is not allowed: use 443, 80 or one from 1024 on that browsers do not bar"
        )
    host = parts["host"]
    if host.startswith("["):
        return _read_v6(host[1:-1]), port, True
    if _NUMBER.fullmatch(host.rpartition(".")[2].translate(_CAPITALS)):
        return _read_v4(host), port, True
    return _read_name(host), port, False


def _read_v6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError as fault:
        raise _refused("The host in brackets is not an IPv6 address") from fault


def _read_v4(host: str) -> str:
    decimals = host.split(".")
    if len(decimals) != 4 or not all(_DECIMAL.fullmatch(one) and int(one) <= 255 for one in decimals):
        raise _refused("An IPv4 address is four decimals from 0 to 255 without leading zeros")
    return str(IPv4Address(host))


def _read_name(host: str) -> str:
    if not host:
        raise _refused("The URL has no host")
    if host.endswith("."):
        raise _refused("The host must not end in a full stop")
    name = ".".join([_read_label(label) for label in host.translate(_CAPITALS).split(".")])
    if len(name) > _MAX_NAME:
        raise _refused(f"The host has {len(name)} characters; {_MAX_NAME} are the most")
    return name


def _read_label(label: str) -> str:
    """One label in ASCII. IDNA 2008 without mapping, so that ① or ｌ never turn into something else."""
    if label.isascii() and not label.startswith("xn--"):
        if not _LABEL.fullmatch(label):
            raise _refused("Each part of the host has 1 to 63 letters, digits and inner hyphens")
        return label
    try:
        return idna.alabel(label).decode("ascii")
    except UnicodeError as fault:  # idna's own errors are UnicodeErrors
        raise _refused("The host is not a valid international name") from fault


def _is_local(host: str) -> bool:
    labels = host.split(".")
    return len(labels) == 1 or labels[-1] in _LOCAL_ENDS or labels[-2:] == ["home", "arpa"]


def _is_same_place(target: Target, own_url: str) -> bool:
    try:
        own = read_target(own_url, allow_http=True, allow_local_names=True)
    except ValidationFailed:
        return False  # configuration answers for its own URL; none of ours can equal one we cannot read
    return (own.scheme, own.host, own.port) == (target.scheme, target.host, target.port)
