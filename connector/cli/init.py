"""`connector init DIR`: a folder to begin with. Nothing that is there is ever written over."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from ..domain.errors import Conflict
from ..flows.first_sources import SECRETS, FirstSource, blocks_of, first_sources, platforms
from .builder import Call
from .printing import counted, json_option, print_json, print_line

OURS: Final = 0o600  # a starting configuration may come to hold a sandbox account's secrets in clear
OUR_FOLDER: Final = 0o700
ANYBODYS: Final = 0o666  # less what the umask takes
RING_KEY: Final = "CONNECTOR_KEY"
BASE_URL: Final = "http://127.0.0.1:8080"
"""Where the starting configuration listens; nothing else is known yet."""
PLATFORMS: Final = platforms()


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--platform",
    "named",
    multiple=True,
    metavar="NAME",
    type=click.Choice(list(PLATFORMS), case_sensitive=False),
    help="Write a source for this platform; again for more. On a terminal it is asked for.",
)
@json_option
@click.pass_obj
def init(call: Call, folder: Path, named: tuple[str, ...], as_json: bool) -> None:
    """Write a starting config.toml and recipes/ into DIR, with a source for each platform."""
    chosen = named or (() if as_json or not _is_asked() else _ask())
    sources = first_sources(chosen, BASE_URL)
    texts = _files(call, folder, sources)
    # All are looked at before the first is written: no half of a folder is left behind.
    for path in texts:
        if path.exists() or path.is_symlink():
            raise Conflict(f"{path} is there already; nothing was written.")
    (folder / "recipes").mkdir(parents=True, exist_ok=True)
    if sources:
        (folder / SECRETS).mkdir(OUR_FOLDER, exist_ok=True)
    for path, text in texts.items():
        _write(path, text, OURS if path.parent.name == SECRETS or path.suffix == ".toml" else ANYBODYS)
    if as_json:
        print_json({"files": [str(path) for path in texts], "sources": [_json(one) for one in sources]})
        return
    recipes = sum(path.suffix == ".yaml" for path in texts)
    print_line(f"Wrote {folder / 'config.toml'} and {counted(recipes, 'recipe')}.")
    print_line("Next:")
    print_line(f"  cd {folder}")
    if f"env:{RING_KEY}" in texts[folder / "config.toml"]:
        print_line(f'  export {RING_KEY}="$(openssl rand -base64 32)"   # once')
        print_line(f'  echo "${RING_KEY}"   # keep it: it opens what is stored; other terminals need it too')
    print_line("  connector check")
    print_line("  connector serve")
    print_line("The recipes are drafts: read them, then write status: live where you want it.")
    _print_sources(sources)


def _files(call: Call, folder: Path, sources: Sequence[FirstSource]) -> Mapping[Path, str]:
    """What is to be written, config.toml first."""
    texts = {folder / "config.toml": call.builder.starting_config(blocks_of(sources))}
    shipped = call.builder.starting_recipes()
    recipes = {**shipped, **{one.recipe_file: one.recipe for one in sources}}
    for name, text in sorted(recipes.items()):
        texts[folder / "recipes" / name] = text
    for one in sources:
        texts[folder / one.file] = f"{one.secret}\n"
    return texts


def _is_asked() -> bool:
    """Whether somebody sits there who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask() -> Sequence[str]:
    """The platforms that a person chooses, by number or name."""
    click.echo("Which platforms send webhooks? Each gets a source, a secret and a first recipe.", err=True)
    for number, (name, title) in enumerate(PLATFORMS.items(), 1):
        click.echo(f"  {number:>2}  {title}  ({name})", err=True)
    chosen: Sequence[str] = click.prompt(
        "Numbers or names, with commas; nothing for none",
        default="",
        show_default=False,
        value_proc=_read_choice,
        err=True,
    )
    return chosen


def _read_choice(text: str) -> Sequence[str]:
    found = []
    for word in (one.strip().lower() for one in text.replace(" ", ",").split(",")):
        if not word:
            continue
        name = _numbered(word) if word.isascii() and word.isdigit() else word
        if name not in PLATFORMS:
            raise click.UsageError(f"{word[:40]!r} is none of them.")
        found.append(name)
    return tuple(found)


def _numbered(word: str) -> str:
    names, number = list(PLATFORMS), int(word[:4])
    return names[number - 1] if 0 < number <= len(names) else word


def _json(one: FirstSource) -> dict[str, object]:
    return {
        "adapter": one.adapter,
        "slug": one.adapter,
        "url": one.url,
        "secret": one.secret,
        "secret_file": one.file,
        "gives_secret": one.gives_secret,
        "recipe": one.recipe_file.removesuffix(".yaml"),
        "steps": list(one.steps),
    }


def _print_sources(sources: Sequence[FirstSource]) -> None:
    for one in sources:
        print_line("")
        print_line(one.title)
        print_line(f"  URL     {one.url}")
        if one.gives_secret:
            print_line(f"  secret  the one that {one.title} shows: write it into {one.file} before you serve")
        else:
            print_line(f"  secret  {one.secret}")
        for number, step in enumerate(one.steps, 1):
            print_line(f"  {number}. {step}")
    if sources:
        print_line("")
        print_line(
            "The URLs are this machine's own. Once [server] public_url says how the world reaches it, those"
        )
        print_line(
            "with that address count: connector sources show tells them, connector sources test tries them."
        )


def _write(path: Path, text: str, mode: int) -> None:
    try:
        path.touch(mode=mode, exist_ok=False)
    except FileExistsError as fault:
        raise Conflict(f"{path} is there already; it was left as it is.") from fault
    path.write_text(text, "utf-8")


COMMAND = init
