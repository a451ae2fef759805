"""The second door: from the command line to our own gateway.

The rule that holds: only `connector send` and its like come through here. The
address guard does not bind it, since the gateway usually listens on loopback;
nothing that a customer wrote ever chooses the URL.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from ..domain.errors import Unavailable

MAX_ANSWER: Final = 16 * 1024 * 1024  # our own lists of 250 rows stay far below


class LocalAnswer(NamedTuple):
    """What the gateway said; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post_local(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float = 30.0) -> LocalAnswer:
    """POST to our own gateway; Unavailable says in one sentence why there was no answer."""
    return _ask("POST", url, body, headers, timeout_s)


def get_local(url: str, headers: Mapping[str, str], timeout_s: float = 30.0) -> LocalAnswer:
    """GET from our own gateway; Unavailable as in post_local."""
    return _ask("GET", url, None, headers, timeout_s)


def _ask(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
) -> LocalAnswer:
    with requests.Session() as session:
        session.trust_env = False  # no proxy, no .netrc
        try:
            with session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                got = response.raw.read(MAX_ANSWER, decode_content=True)
        except requests.Timeout as fault:
            raise Unavailable(f"{_place(url)} did not answer within {timeout_s:g} seconds") from fault
        except requests.ConnectionError as fault:
            raise Unavailable(f"Nothing listens at {_place(url)}: is the gateway running?") from fault
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as fault:
            raise Unavailable(f"{_place(url)} gave no answer that can be read as HTTP") from fault
    names = {name.lower(): value for name, value in response.headers.items()}
    return LocalAnswer(response.status_code, names, got)


def _place(url: str) -> str:
    """Scheme, host and port: the path may hold a token."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the given URL"
    return f"{parts.scheme}://{host}"
