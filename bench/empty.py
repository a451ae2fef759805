"""A handler that does nothing, on the product's server: what the server itself costs.

    python -m bench.empty

Prints its port, and serves until SIGTERM.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from connector.server import Server
from connector.web.front import Front


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


def requests(_: str) -> Iterator[bytes]:
    """A POST with a body of 600 bytes, again and again."""
    head = b"POST /hooks/glow-spa/empty HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 600\r\n\r\n"
    return itertools.repeat(head + b"x" * 600)


def main() -> None:
    Server(Front(app), "127.0.0.1", 0).run(lambda where: print(where.rpartition(":")[2], flush=True))


if __name__ == "__main__":
    main()
