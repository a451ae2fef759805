"""Secrets of configuration: where they are read from, and a text that does not show itself.

No message of this module holds a secret's value, only the name of its place.
"""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationInfo

MAX_FILE_BYTES: Final = 65_536  # a PEM chain is a tenth of it; /dev/zero has no end
MAX_SECRET: Final = 4_096

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ENVIRONMENT: Final = "env:"
_FILE: Final = "file:"


class Secret(str):
    """A secret as text. Its repr, and so that of everything around it, leaves the value out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)" if self else "Secret()"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a configuration file refers to: the environment, and the folder that relative paths begin at.

    `files` fills with the secret files that were read, for the warning about who may read them.
    """

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    files: list[Path] = field(default_factory=list)


def surroundings_of(info: ValidationInfo) -> Surroundings:
    """Those of the file being read; for settings made in code, nothing and the working folder."""
    return info.context if isinstance(info.context, Surroundings) else Surroundings({}, Path())


def is_reference(text: object) -> bool:
    """Whether a secret is named (`env:NAME`, `file:PATH`) and not written in clear."""
    return isinstance(text, str) and text.startswith((_ENVIRONMENT, _FILE))


def read_secret(value: object, info: ValidationInfo) -> Secret:
    """The secret that `value` is or names, without blanks around it; ValueError says what is wrong."""
    if not isinstance(value, str):
        raise ValueError('write text in quotes: "env:NAME" or "file:PATH"')
    around = surroundings_of(info)
    if value.startswith(_ENVIRONMENT):
        secret = _from_environment(value.removeprefix(_ENVIRONMENT), around.environ)
    elif value.startswith(_FILE):
        secret = _from_file(around.folder / value.removeprefix(_FILE), around.files)
    else:
        secret = value.strip()
    if not secret:
        raise ValueError("the secret is empty")
    if len(secret) > MAX_SECRET or not secret.isprintable():
        raise ValueError(f"a secret is one line of at most {MAX_SECRET} characters")
    return Secret(secret)


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("after env: comes the name of an environment variable, such as env:CONNECTOR_KEY")
    if name not in environ:
        raise ValueError(f"the environment variable {name} is not set")
    secret = environ[name].strip()
    if not secret:
        raise ValueError(f"the environment variable {name} is empty")
    return secret


def _from_file(path: Path, files: list[Path]) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"{path} is not a file")
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        secret = content.decode().strip()
    except UnicodeDecodeError:
        # `from None`: the decoder's error carries the file's bytes.
        raise ValueError(f"{path} is not UTF-8 text") from None
    except OSError as fault:
        raise ValueError(f"{path} cannot be read: {fault.strerror}") from fault
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"{path} is larger than {MAX_FILE_BYTES} bytes")
    if not secret:
        raise ValueError(f"{path} is empty")
    files.append(path)
    return secret
