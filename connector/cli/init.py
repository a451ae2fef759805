"""`connector init DIR`: a folder to begin with. Nothing that is there is ever written over."""

from pathlib import Path
from typing import Final

import click

from ..domain.errors import Conflict
from .builder import Call
from .printing import json_option, print_json, print_line

OURS: Final = 0o600  # a starting configuration may come to hold a sandbox account's secrets in clear
ANYBODYS: Final = 0o666  # less what the umask takes
RING_KEY: Final = "CONNECTOR_KEY"


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
@click.pass_obj
def init(call: Call, folder: Path, as_json: bool) -> None:
    """Write a starting config.toml and recipes/ into DIR."""
    texts = {folder / "config.toml": call.builder.starting_config()}
    for name, text in sorted(call.builder.starting_recipes().items()):
        texts[folder / "recipes" / name] = text
    # All are looked at before the first is written: no half of a folder is left behind.
    for path in texts:
        if path.exists() or path.is_symlink():
            raise Conflict(f"{path} is there already; nothing was written.")
    (folder / "recipes").mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        _write(path, text, OURS if path.suffix == ".toml" else ANYBODYS)
    if as_json:
        print_json({"files": [str(path) for path in texts]})
        return
    recipes = sum(path.suffix == ".yaml" for path in texts)
    print_line(f"Wrote {folder / 'config.toml'} and {recipes} {'recipe' if recipes == 1 else 'recipes'}.")
    print_line("Next:")
    print_line(f"  cd {folder}")
    if f"env:{RING_KEY}" in texts[folder / "config.toml"]:
        print_line(f'  export {RING_KEY}="$(openssl rand -base64 32)"   # keep it: it opens what is stored')
    print_line("  connector check")
    print_line("  connector serve")
    print_line("The recipes are drafts: read them, then write status: live where you want it.")


def _write(path: Path, text: str, mode: int) -> None:
    try:
        path.touch(mode=mode, exist_ok=False)
    except FileExistsError as fault:
        raise Conflict(f"{path} is there already; it was left as it is.") from fault
    path.write_text(text, "utf-8")


COMMAND = init
