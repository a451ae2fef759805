"""What is allowed and yet worth a word at the start: what is open to others, and what will not work."""

from datetime import UTC, datetime
from typing import Final

from ..domain.clock import Clock
from .grammar import Listen
from .settings import Settings
from .urls import host_of

EARLIEST: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""No machine runs this before then: its clock was never set."""

_OTHERS_READ: Final = 0o044


def warnings_about(settings: Settings, clock: Clock) -> list[str]:
    """A sentence for each; nothing where all is well."""
    return [*_readable_secrets(settings), *_wrong_clock(clock), *_open_doors(settings), *_gaps(settings)]


def _readable_secrets(settings: Settings) -> list[str]:
    found = [
        f"{path} holds a secret and can be read by other users; run: chmod 600 {path}"
        for path in dict.fromkeys(settings.secret_files)
        if path.exists() and path.stat().st_mode & _OTHERS_READ
    ]
    found += [
        f'{key} has a password in clear in the configuration file; write "env:NAME" or "file:PATH"'
        for key in settings.clear_passwords
    ]
    return found


def _wrong_clock(clock: Clock) -> list[str]:
    now = clock.now()
    if now >= EARLIEST:
        return []
    return [f"The clock says {now:%Y-%m-%d}: platforms' signatures will be refused until it is set right."]


def _open_doors(settings: Settings) -> list[str]:
    found = []
    server = settings.server
    sandboxes = [account.slug for account in settings.accounts if account.sandbox]
    if not server.listen.is_loopback:
        if settings.path is None:
            found.append(f"The demo account can be reached from other machines at {server.listen}.")
        elif sandboxes:
            found.append(f"Sandbox accounts can be reached from other machines: {', '.join(sandboxes)}.")
        if not server.told_url:
            found.append(
                f"server.public_url is not set: links in messages will begin with {server.public_url}."
            )
    if server.public_url.startswith("http://") and not Listen(host_of(server.public_url), 0).is_loopback:
        found.append(f"server.public_url is {server.public_url}: codes and links travel unencrypted.")
    return found


def _gaps(settings: Settings) -> list[str]:
    found = [
        f"The source {source.account}/{source.slug} has no secret: each of its deliveries is refused."
        for source in settings.sources
        if not source.secrets
    ]
    if not settings.recipes.path.is_dir():
        found.append(f"There is no folder {settings.recipes.path}: no recipe runs.")
    return found
