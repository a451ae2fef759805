"""What an operator needs to set a source up on its platform, and to see whether it works. Never a secret.

One rule: what the platform sends is taken from the adapter itself, by signing as it would.
"""

from dataclasses import replace
from typing import Any, Final

from ..adapters.kit import JSON, Adapter, signed_headers
from ..domain.accounts import Account, InboundSource
from ..domain.errors import NotFound
from ..store import accounts
from .directory import Directory
from .inbound import Inbound
from .parts import Parts
from .source_pages import steps

LAST: Final = 10
SECRET: Final = "<secret>"
SIGNATURE: Final = "<made with the secret by the platform>"


def guide(directory: Directory, account: Account, slug: str) -> dict[str, Any]:
    """The source with its URL; how to set its platform up and with which headers; which events it
    can tell of; its last deliveries and what became of them. NotFound.
    """
    parts = directory.parts
    with parts.engines.reading() as connection:
        found = accounts.find_source(connection, parts.ring, account.slug, slug)
    if found is None:
        raise NotFound(f"There is no source {account.slug}/{slug[:60]}.")
    adapter = parts.adapters[found.source.adapter]
    shown = directory.source_json(found)
    return {
        **shown,
        "title": adapter.title,
        "setup": adapter.setup,
        "steps": steps(adapter.guide, str(shown["url"]), SECRET),
        "headers": _headers(parts, adapter, found, str(shown["url"])),
        "takes_path_token": adapter.allows_path_token,
        "content_types": list(adapter.content_types),
        "events": [
            {"type": event_type, "platform_name": sample.platform_name}
            for event_type, sample in adapter.samples.items()
        ],
        "last_deliveries": Inbound(parts).page(account, {"source": slug, "limit": LAST}).data,
    }


def _headers(parts: Parts, adapter: Adapter, found: InboundSource, url: str) -> list[dict[str, str]]:
    """The headers that prove who sent it: where the secret itself is to be put, and what is made with it.

    By a secret of nobody's, so that the source's own cannot get into the answer.
    """
    secret = adapter.new_secret()
    stranger = replace(found.source, secrets=(secret,))
    signed = signed_headers(adapter, stranger, b"{}", parts.clock.now(), url)
    return [
        {"name": name, "value": value.replace(secret, SECRET) if secret in value else SIGNATURE}
        for name, value in signed.items()
        if value != JSON
    ]
