"""Sources to begin with, for `connector init`: blocks of config.toml, their secrets, what to paste.

One rule: a secret stands in a file of its own and never in config.toml, which people show around.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..adapters.registry import adapters, find
from .first_recipes import file_of, first_recipe
from .source_pages import ACCOUNT, block, steps

SECRETS: Final = "secrets"
"""The folder of their files, beside config.toml."""


@dataclass(frozen=True, slots=True)
class FirstSource:
    """One source. `file` holds its secret, `gives_secret`: until the platform's own is known.

    `recipe` is a draft to begin with, `recipe_file` its file's name.
    """

    adapter: str
    title: str
    url: str
    file: str
    block: str
    gives_secret: bool
    recipe: str
    recipe_file: str
    steps: tuple[str, ...] = field(repr=False)
    secret: str = field(repr=False)


def platforms() -> Mapping[str, str]:
    """What people call each platform, by its adapter's name."""
    return {name: one.title for name, one in adapters().items()}


def first_sources(names: Sequence[str], base_url: str) -> list[FirstSource]:
    """A source for each of these adapters with a fresh secret, once however often it is named."""
    return [_source(name, base_url.rstrip("/")) for name in dict.fromkeys(names)]


def blocks_of(sources: Sequence[FirstSource]) -> str:
    """The text that stands for them in config.toml."""
    return "\n".join(one.block for one in sources)


def _source(name: str, base_url: str) -> FirstSource:
    adapter = find(name)
    url, secret, file = f"{base_url}/hooks/{ACCOUNT}/{name}", adapter.new_secret(), f"{SECRETS}/{name}"
    return FirstSource(
        adapter=name,
        title=adapter.title,
        url=url,
        file=file,
        block="\n".join(block(ACCOUNT, adapter, f"file:{file}")) + "\n",
        steps=tuple(steps(adapter.guide, url, secret)),
        gives_secret=adapter.guide.gives_secret,
        recipe=first_recipe(name, adapter.guide.start),
        recipe_file=file_of(name, adapter.guide.start),
        secret=secret,
    )
