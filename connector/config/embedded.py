"""The configuration where there is no file: one sandbox account to try everything on, on this machine only.

Its keys and secrets are made at the first start, kept in the data folder, and
the same ever after.
"""

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ..domain.errors import Fault, FaultyFiles
from ..domain.ids import new_api_key, random_bytes
from ..domain.sealing import KEY_BYTES, read_key
from .key_files import kept, make_folder, private_folder
from .secret import MAX_SECRET, Secret
from .settings import AccountSettings, Database, Delivery, Recipes, Secrets, Server, Settings, SourceSettings
from .urls import SQLITE, sqlite_file

ACCOUNT: Final = "demo"
RECIPES: Final = "recipes"
_KEYS: Final = "keys"
_RING: Final = "ring"
_API_KEY: Final = re.compile(r"gck_[A-Za-z0-9_-]{43}", re.ASCII)


def embedded(
    data: Path,
    listen: str | None,
    adapters: Mapping[str, Callable[[], str]],
    packaged_recipes: Path,
    folder: Path = Path(),
) -> Settings:
    """Settings on SQLite in `data`, with a sandbox account `demo` and a source for each of `adapters`.

    `adapters` make each a fresh secret; `listen` is an address, None for
    127.0.0.1:8080; the recipes are those of `folder`, else `packaged_recipes`.
    Raises FaultyFiles where the data folder cannot be used or its keys are open
    to others, ValidationFailed for `listen`.
    """
    make_folder(data)
    keys = private_folder(data / _KEYS)
    ring = kept(ring_file(data), _new_ring_key, _is_ring_key)
    secrets = {
        name: kept(keys / f"source-{name}", make, _is_secret) for name, make in sorted(adapters.items())
    }
    try:
        settings = Settings(
            server=Server(),
            database=Database(url=Secret(SQLITE + str(data.absolute() / "connector.db"))),
            secrets=Secrets(keys=(read_key(ring),)),
            recipes=Recipes(path=recipes_of_embedded(packaged_recipes, folder)),
            delivery=Delivery(allow_networks=("127.0.0.0/8",), allow_http=True),
            accounts=(_demo(),),
            sources=tuple(_source(name, Secret(secret)) for name, secret in secrets.items()),
        )
    except ValidationError as refused:
        # Of what stands above only the machine can be at fault: a foreign file in place of the
        # database, or no time zones.
        faults = [error["msg"].removeprefix("Value error, ") for error in refused.errors(include_input=False)]
        raise FaultyFiles([Fault(str(data), 1, 1, message) for message in faults]) from None
    return settings.listening_on(listen) if listen else settings


def has_begun(data: Path) -> bool:
    """Whether an embedded default lives in this folder: its keys are the first thing that it makes."""
    try:
        return ring_file(data).exists()
    except PermissionError:  # it is somebody else's; `embedded` says so
        return True


def ring_file(data: Path) -> Path:
    """Where an embedded default keeps its key ring."""
    return data / _KEYS / _RING


def recipes_of_embedded(packaged: Path, folder: Path = Path()) -> Path:
    """Where its recipes are: in `folder`, else those that came along."""
    recipes = folder / RECIPES
    return recipes.absolute() if recipes.is_dir() else packaged


def embedded_api_key(data: Path) -> str:
    """The key to the demo account: made at the first start, the same ever after."""
    make_folder(data)
    return kept(private_folder(data / _KEYS) / "api", new_api_key, _is_api_key)


def make_database_folder(settings: Settings) -> None:
    """The folder of an SQLite database, where it is missing; FaultyFiles where it cannot be made."""
    file = sqlite_file(settings.database.url)
    if file is not None:
        make_folder(file.parent)


def _demo() -> AccountSettings:
    return AccountSettings(
        slug=ACCOUNT, name="Demo", currency="USD", timezone="America/New_York", country="US", sandbox=True
    )


def _source(adapter: str, secret: Secret) -> SourceSettings:
    slug = adapter.replace("_", "-")
    return SourceSettings(account=ACCOUNT, slug=slug, adapter=adapter, secrets=(secret,), return_codes=True)


def _new_ring_key() -> str:
    return base64.b64encode(random_bytes(KEY_BYTES)).decode("ascii")


def _is_ring_key(text: str) -> bool:
    try:
        return len(read_key(text)) == KEY_BYTES
    except ValueError:
        return False


def _is_api_key(text: str) -> bool:
    return _API_KEY.fullmatch(text) is not None


def _is_secret(text: str) -> bool:
    return 0 < len(text.strip()) <= MAX_SECRET and text.isprintable()
