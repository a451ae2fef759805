"""URLs that may hold a password: checked before anything connects, and never shown."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from .secret import Secret, read_secret, surroundings_of

MEMORY: Final = "memory"
SQLITE: Final = "sqlite:///"
POSTGRESQL: Final = "postgresql://"

_BARE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_REDIS_PATH: Final = re.compile(r"/?|/\d{1,4}", re.ASCII)
_REDIS_WORDS: Final = "ssl_ca_certs=/path, socket_timeout=SECONDS and socket_connect_timeout=SECONDS"
_REDIS_WORD: Final = r"(?:ssl_ca_certs=/[^&?]+|socket_(?:connect_)?timeout=(?:[1-9]\d?|0\.\d?[1-9]))"
_REDIS_QUERY: Final = re.compile(rf"{_REDIS_WORD}(?:&{_REDIS_WORD})*", re.ASCII)
_ENCODE: Final = "in user and password write %40 for @, %3A for :, %2F for / and %25 for %"


def read_database_url(value: object, info: ValidationInfo) -> Secret:
    """`sqlite:///path` with its path made whole, or `postgresql://…` as it is; ValueError without the URL."""
    url = read_secret(value, info)
    if url.startswith(SQLITE):
        return Secret(SQLITE + str(_sqlite_file(url.removeprefix(SQLITE), surroundings_of(info).folder)))
    if url.startswith(POSTGRESQL):
        _require_postgresql(url)
        return url
    if url.startswith("postgres://"):
        raise ValueError("write postgresql:// in place of postgres://")
    raise ValueError("write sqlite:///path/to/file.db or postgresql://user@host/name")


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database's URL, None for PostgreSQL."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def read_smtp_url(value: object, info: ValidationInfo) -> Secret:
    """`smtp://user:password@host:587`, `smtps://…`, or nothing; ValueError without the URL."""
    if value == "":
        return Secret()
    url = read_secret(value, info)
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or re.search(r"[\s?#]", url) or _BARE_PERCENT.search(url):
        raise ValueError(f"write smtp://user:password@host:587 or smtps://…; {_ENCODE}")
    return url


def read_limit_store(value: object, info: ValidationInfo) -> Secret:
    """`memory`, or `redis://:password@host:6379/0`, `rediss://…`; ValueError without the URL.

    After a `?` stand only an issuer's PEM file and how long an answer may take: other words of the
    client's would turn off what we rely on.
    """
    url = read_secret(value, info)
    if url == MEMORY:
        return url
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or re.search(r"[\s#]", url) or _BARE_PERCENT.search(url):
        raise ValueError(f'write "{MEMORY}", redis://:password@host:6379/0 or rediss://…; {_ENCODE}')
    if not _REDIS_PATH.fullmatch(parts.path):
        raise ValueError("after the host comes the number of a database, from 0 to 9999")
    if parts.query and not _REDIS_QUERY.fullmatch(parts.query):
        raise ValueError(f"after ? only {_REDIS_WORDS} may stand")
    if "ssl_ca_certs" in parts.query and parts.scheme != "rediss":
        raise ValueError("ssl_ca_certs is for rediss://")
    return url


def has_password(text: str) -> bool:
    """Whether a URL holds a password itself."""
    try:
        return bool(urlsplit(text).password) or "password=" in text
    except ValueError:
        return "password=" in text


def host_of(url: str) -> str:
    """The host of a URL that was checked."""
    return urlsplit(url).hostname or ""


def _sqlite_file(name: str, folder: Path) -> Path:
    if not name or name == ":memory:" or "?" in name:
        raise ValueError("after sqlite:/// comes the path of a file, and nothing else")
    path = Path.cwd() / folder / name
    if not path.parent.parent.is_dir():
        # One missing folder is made at the start; more of them are a mistyped path.
        raise ValueError(f"there is no folder {path.parent}: make it, or correct the path")
    if path.parent.exists() and not path.parent.is_dir():
        raise ValueError(f"{path.parent} is not a folder")
    if path.exists():
        _require_sqlite_file(path)
    return path


def _require_sqlite_file(path: Path) -> None:
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    try:
        with path.open("r+b") as stream:
            beginning = stream.read(len(_SQLITE_MAGIC))
    except OSError as fault:
        raise ValueError(f"{path} cannot be opened for writing: {fault.strerror}") from fault
    if beginning not in (b"", _SQLITE_MAGIC):
        raise ValueError(f"{path} is not an SQLite database")


def _require_postgresql(url: str) -> None:
    if re.search(r"\s", url):
        raise ValueError("the URL has a blank in it")
    if _BARE_PERCENT.search(url):
        raise ValueError(f"a % stands alone in the URL: {_ENCODE}")
    authority, _, rest = url.removeprefix(POSTGRESQL).partition("/")
    user, at, hosts = authority.rpartition("@")
    ports = [host.rpartition(":")[2] for host in hosts.split(",") if ":" in host and not host.endswith("]")]
    if "@" in user or "@" in rest.partition("?")[0] or not all(map(str.isdigit, ports)):
        raise ValueError(f"user, password and hosts cannot be told apart: {_ENCODE}")
    if at and not user.partition(":")[0]:
        raise ValueError("the URL has a password or an @, but no user")
    if not rest.partition("?")[0]:
        raise ValueError("the URL names no database: postgresql://user@host/name")
