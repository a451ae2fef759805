"""The command line: finds the verbs by looking in this folder, and turns errors into exit codes.

The one rule: only here. 0 done, 1 the thing asked failed, 2 wrong usage or configuration.
A module with a COMMAND is a verb, or a group of them; its name must be its file's name.
"""

import contextlib
import difflib
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import click

from .. import __version__
from ..domain.errors import ConnectorError, FaultyFiles
from .builder import Builder, Call, Misconfigured, NotConfigured, Undone
from .printing import clean, print_aside

PROGRAM: Final = "connector"
DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
_NEAR: Final = 0.7  # of difflib's ratio; click takes 0.6
_MAX_SHOWN: Final = 300  # characters of an error that is not ours; the whole of it with --debug


def run(builder: Builder, args: Sequence[str] | None = None) -> int:
    """Do what the command line asks (`args`, or this process's own) and give the exit code."""
    call = Call(builder)
    try:
        code = _invoke(call, sys.argv[1:] if args is None else args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has gone, as `head` does: nobody is left to be told
        _silence_stdout()
        return FAILED
    except click.UsageError as fault:
        _without_far_guesses(fault).show()
        return WRONG
    except click.ClickException as fault:
        fault.show()
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return FAILED
    except FaultyFiles as fault:
        return _explain(call, [str(one) for one in fault.faults], WRONG)
    except NotConfigured as fault:
        return _explain(call, [fault.detail], WRONG)
    except ConnectorError as fault:
        return _explain(call, [fault.detail], FAILED)
    except Exception as fault:  # noqa: BLE001  a bug, or a machine in trouble: a line, not a page
        return _explain(call, [_first_line(fault)], FAILED)
    return code


@cache
def root() -> click.Group:
    """The whole command line. Made once, since it gives each verb the options that all have."""
    found = verbs()
    for command in found.values():
        for leaf in leaves(command):
            leaf.params.extend(_common_options())
    group = click.Group(
        PROGRAM,
        commands=found,
        help="Signed webhooks in, gift cards on a ledger, signed webhooks out.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        no_args_is_help=True,
        params=_common_options(),
    )
    return click.version_option(__version__, prog_name=PROGRAM)(group)


def verbs() -> dict[str, click.Command]:
    """Every module's COMMAND here by name, sorted; a module that cannot be loaded is an error at once."""
    package = __name__.rpartition(".")[0]
    found: dict[str, click.Command] = {}
    folder = importlib.import_module(package).__path__
    for name in sorted(module.name for module in pkgutil.iter_modules(folder)):
        command = getattr(importlib.import_module(f"{package}.{name}"), "COMMAND", None)
        if command is None:
            continue
        if command.name != name:
            raise ValueError(f"cli/{name}.py holds a command named {command.name}")
        found[name] = command
    return found


def leaves(command: click.Command) -> Iterator[click.Command]:
    """The commands that do something, at whatever depth."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from leaves(below)
    else:
        yield command


def _common_options() -> list[click.Parameter]:
    """Those which may stand before the verb and after it; the last one said counts."""
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            expose_value=False,
            callback=_keep_config,
            help="The configuration; else CONNECTOR_CONFIG, else ./config.toml.",
        ),
        click.Option(
            ["--data"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            expose_value=False,
            callback=_keep_data,
            help="The data folder of `connector serve` without a configuration; else ./data.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_keep_debug,
            help="Show where an error came from.",
        ),
    ]


def _keep_config(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    call: Any = context.obj
    if value is not None and isinstance(call, Call):
        call.config = value


def _keep_data(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    call: Any = context.obj
    if value is not None and isinstance(call, Call):
        call.data = value


def _keep_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    call: Any = context.obj
    if value and isinstance(call, Call):
        call.is_debug = True


def _invoke(call: Call, args: Sequence[str]) -> int:
    try:
        with root().make_context(PROGRAM, [*args], obj=call) as context:
            context.command.invoke(context)
    except click.exceptions.Exit as end:  # --help, --version
        return end.exit_code
    except Undone as end:
        return WRONG if isinstance(end, Misconfigured) else FAILED
    return DONE


def _without_far_guesses(fault: click.UsageError) -> click.UsageError:
    """Click's guesses at a verb only where they are near: users is not serve."""
    if not isinstance(fault, click.exceptions.NoSuchCommand):
        return fault
    near = difflib.get_close_matches(fault.command_name, fault.possibilities or (), cutoff=_NEAR)
    return click.exceptions.NoSuchCommand(fault.command_name, possibilities=near, ctx=fault.ctx)


def _explain(call: Call, lines: Sequence[str], code: int) -> int:
    if call.is_debug:
        click.echo(traceback.format_exc(), err=True, nl=False)
    for line in lines:
        print_aside(line)
    return code


def _first_line(fault: Exception) -> str:
    """The first only: what a database says further down are the values, and they may be secrets."""
    if isinstance(fault, OSError) and fault.strerror:
        return f"{fault.filename}: {fault.strerror}" if fault.filename else fault.strerror
    said = str(fault).partition("\n")[0][:_MAX_SHOWN]
    return clean(f"{type(fault).__name__}: {said} (--debug shows where)")


def _silence_stdout() -> None:
    """Let the interpreter's last flush go nowhere, where it would complain."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)
