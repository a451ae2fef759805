"""`connector listen`: subscribes itself, prints what it can prove to be ours, unsubscribes at the end.

The one rule: the secret lives in this process's memory only, and its endpoint ends with it.
"""

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Final

import click

from ..domain.accounts import Account, Actor
from ..domain.errors import NotFound, ValidationFailed
from ..domain.jsontext import dumps
from ..flows.gateway import Gateway
from .builder import Call
from .printing import print_aside, print_line, sum_of
from .receiver import Arrival, Receiver

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_BY: Final = Actor("manual", {"command": "listen"})
_TURN_S: Final = 0.5


@click.command("listen")
@click.option(
    "--port", type=click.IntRange(0, 65_535), required=True, help="On 127.0.0.1; 0 takes a free one."
)
@click.option("--account", default="demo", show_default=True, help="Whose webhooks.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many messages.")
@click.option("--json", "as_json", is_flag=True, help="Print each message's whole body, one a line.")
@click.pass_obj
def listen(call: Call, port: int, account: str, count: int | None, as_json: bool) -> None:
    """Receive, verify and print our webhooks.

    Subscribes itself on this machine, until Ctrl-C.
    """
    receiver = Receiver(port, call.builder.clock)
    try:
        with (
            call.gateway() as gateway,
            _signals(lambda: receiver.arrivals.put(None)),
            _subscribed(gateway, gateway.account(account), receiver.url) as secret,
        ):
            receiver.start(secret)
            print_aside(f"Listening on {receiver.url} for the webhooks of {account}. Ctrl-C ends.")
            _print_until_end(receiver, count, as_json)
    finally:
        receiver.stop()
    print_aside("Unsubscribed.")


@contextlib.contextmanager
def _subscribed(gateway: Gateway, account: Account, url: str) -> Iterator[str]:
    """An endpoint for as long as this lasts; gives its secret."""
    try:
        made = gateway.create_endpoint(account, url=url, description="connector listen", by=_BY).body
    except ValidationFailed as refusal:
        raise ValidationFailed(
            f"{refusal.detail} To deliver to this machine, [delivery] needs allow_http = true "
            'and allow_networks = ["127.0.0.0/8"].'
        ) from refusal
    try:
        yield made["secret"]
    finally:
        with contextlib.suppress(NotFound):  # deleted meanwhile by somebody else: gone is gone
            gateway.delete_endpoint(account, made["id"], _BY)


@contextlib.contextmanager
def _signals(end: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM call `end` instead of killing, so that the endpoint is taken down."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: end()) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_until_end(receiver: Receiver, count: int | None, as_json: bool) -> None:
    printed = 0
    while count is None or printed < count:
        arrival = _next(receiver)
        if arrival is None:
            return
        if arrival.fate != "verified":
            print_aside(_line_aside(arrival))
            continue
        if as_json:
            click.echo(dumps(dict(arrival.body)))
        else:
            print_line(_line(arrival))
        printed += 1


def _next(receiver: Receiver) -> Arrival | None:
    """Waits in short turns: a signal that comes just before a wait does not end it."""
    while True:
        with contextlib.suppress(queue.Empty):
            return receiver.arrivals.get(timeout=_TURN_S)


def _line(arrival: Arrival) -> str:
    """`gift_card.issued msg_… #1 gc_… 25.00 USD`."""
    if not arrival.body:
        return f"verified {arrival.message_id}: {arrival.reason or 'an empty body'}"
    body = arrival.body
    parts = [str(body.get("type")), arrival.message_id]
    if body.get("sequence") is not None:
        parts.append(f"#{body['sequence']}")
    data = body.get("data")
    card = data.get("gift_card") if isinstance(data, dict) else None
    if isinstance(card, dict):
        parts.append(str(card.get("id")))
        if isinstance(card.get("balance"), int):
            parts.append(sum_of(card["balance"], card.get("currency")))
    return " ".join(parts)


def _line_aside(arrival: Arrival) -> str:
    if arrival.fate == "again":
        return f"again {arrival.message_id}: known already, answered 2xx"
    return f"refused: {arrival.reason}"


COMMAND = listen
