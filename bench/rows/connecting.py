"""A new HTTPS connection for each delivery, beside `http.client` with one SSLContext for all of them.

Both verify the certificate against the same issuers. Ours resolves, checks and dials by the guard, holds its
deadlines over every step, and reads the answer within its limits.
"""

import http.client
import ssl
from typing import Final

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from bench.figures import Context, Figures, Goal, timed
from connector.outside.exchange import Limits
from connector.outside.http import Client
from tests.kit.tls import Issuer

NAME: Final = "HTTPS to a new connection each"
BESIDE: Final = "http.client with one SSLContext"
GOAL: Final = Goal(ratio=0.8)
HOST: Final = "127.0.0.1"
BODY: Final = b"x" * 800
HEADERS: Final = {"content-type": "application/json", "webhook-id": "msg_1"}


def reference(context: Context) -> Figures:
    issuer = Issuer(context.folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    tls.load_verify_locations(issuer.file)
    with context.server("bench.receiver", str(issuer.certificate(HOST))) as port:

        def post() -> bool:
            line = http.client.HTTPSConnection(HOST, port, timeout=15, context=tls)
            line.request("POST", "/hook", BODY, HEADERS)
            answer = line.getresponse()
            is_good = answer.status == 200 and answer.read() == b""
            line.close()
            return is_good

        return timed(context.seconds, post)


def measure(context: Context) -> Figures:
    issuer = Issuer(context.folder)
    client = Client(("127.0.0.0/8",), ca_file=str(issuer.file), limits=Limits(idle_s=0))
    with context.server("bench.receiver", str(issuer.certificate(HOST))) as port:
        url = f"https://{HOST}:{port}/hook"
        found = timed(context.seconds, lambda: client.post(url, BODY, HEADERS).outcome == "delivered")
    client.close()
    return found
