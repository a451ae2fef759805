"""`connector send`: acts as a platform, which signs what it posts and reads the answer."""

from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import click

from ..domain.errors import BadJson
from ..domain.jsontext import dumps, loads
from .builder import Call, Undone
from .printing import json_option, print_aside

MAX_FILE_BYTES: Final = 64 * 1024 * 1024  # no gateway can be configured to take more


def _read_changes(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    found = []
    for text in value:
        path, equals, written = text.partition("=")
        if not equals or not path:
            raise click.BadParameter(f"{text[:60]!r} changes nothing: write path=value")
        found.append((path, written))
    return tuple(found)


def read_source(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, str]:
    """ACCOUNT/SOURCE as the two that it names; a usage error for what names none."""
    account, slash, source = value.partition("/")
    if not (account and slash and source) or "/" in source:
        raise click.BadParameter(f"{value[:80]!r} names no source: write ACCOUNT/SOURCE")
    return account, source


@click.command("send")
@click.argument("source", metavar="ACCOUNT/SOURCE", callback=read_source)
@click.argument("event", required=False)
@click.option("--url", help="The gateway's address, or a whole URL below /hooks/. Left out: [server] listen.")
@click.option("--new", "is_new", is_flag=True, help="Another booking, order or person than last time.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    callback=_read_changes,
    metavar="PATH=VALUE",
    help="Change the sample at this place; again for more.",
)
@click.option("--file", "file", type=click.File("rb"), help="Send this instead of a sample; - reads stdin.")
@json_option
@click.pass_obj
def send(
    call: Call,
    source: tuple[str, str],
    event: str | None,
    url: str | None,
    is_new: bool,
    changes: tuple[tuple[str, str], ...],
    file: BinaryIO | None,
    as_json: bool,
) -> None:
    """Act as a platform: post a signed sample.

    Prints the gateway's answer. EVENT is the platform's name for it, or ours; it may be left out with --file.
    """
    del as_json  # the answer is JSON in any case
    if event is None and file is None:
        raise click.UsageError("Missing argument 'EVENT': say what to send, or give --file.")
    path = f"/hooks/{source[0]}/{source[1]}"
    with call.gateway() as gateway:
        # Platforms that sign over the URL sign the public one, wherever this post goes.
        post = gateway.sample(
            *source,
            event or "",
            url=gateway.parts.public_url.rstrip("/") + path,
            is_new=is_new,
            changes=changes,
            body=None if file is None else _read_file(file),
        )
    target = target_of(url or call.builder.base_url(call.place), path)
    status, _, body = call.builder.post(target, post.body, post.headers)
    click.echo(_answer(status, body))
    if hint := _hint(body, is_new=is_new, is_file=file is not None, has_changes=bool(changes)):
        print_aside(hint)
    if not 200 <= status < 300:
        print_aside(f"The gateway answered {status}.")
        raise Undone


def _read_file(file: BinaryIO) -> bytes:
    body = file.read(MAX_FILE_BYTES + 1)
    if len(body) > MAX_FILE_BYTES:
        raise click.UsageError(f"--file: {Path(file.name).name} has more than {MAX_FILE_BYTES} bytes.")
    return body


def target_of(url: str, path: str) -> str:
    """`url` itself where it names a hook, else the source's path below it."""
    try:
        is_whole = "/hooks/" in urlsplit(url).path
    except ValueError as fault:
        raise click.UsageError(f"--url: {url[:80]!r} is no URL.") from fault
    return url if is_whole else url.rstrip("/") + path


def _hint(body: bytes, *, is_new: bool, is_file: bool, has_changes: bool) -> str | None:
    """What to do about a duplicate that was hardly meant: a sample's id is the same each time."""
    try:
        answer = loads(body)
    except BadJson:
        return None
    if is_new or is_file or not isinstance(answer, dict) or answer.get("status") != "duplicate":
        return None
    changed = ", so what --set changed was not looked at" if has_changes else ""
    return f"The gateway had this delivery already{changed}. Send it with --new for another one."


def _answer(status: int, body: bytes) -> str:
    """The answer's JSON on one line; where the platform gets a bare answer, its status and text."""
    try:
        return dumps(loads(body))
    except BadJson:
        return dumps({"status": status, "body": body.decode("utf-8", "replace")})


COMMAND = send
