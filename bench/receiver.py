"""A receiver that answers every request on its connections at once: what delivery is measured against.

    python -m bench.receiver [hang | CERTIFICATE]

Prints its port, and answers until SIGTERM; `hang`: never answers. With a certificate (PEM, with its key): by
TLS.
"""

import asyncio
import re
import signal
import ssl
import sys
from typing import Final

LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            if "hang" not in sys.argv:
                writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        writer.close()


def certified() -> ssl.SSLContext | None:
    if len(sys.argv) < 2 or sys.argv[1] == "hang":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    return context


async def serve() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certified())
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
