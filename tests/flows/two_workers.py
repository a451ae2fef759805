"""Two workers and one delivery, the first stopped past its lease: what goes wrong, in words.

Also a program, so that the same scenario can be run on a product with a planted fault.
"""

import json
import queue
import sys
from datetime import timedelta
from pathlib import Path

import connector
from connector.flows.dispatch import LEASE_FOR
from tests.kit.crowd import Crowd
from tests.kit.house import House, open_house
from tests.kit.pauses import Gate
from tests.kit.receiver import Peer, hostile


def scenario(folder: Path, url: str) -> list[str]:
    """What the product did wrong; empty where a lease was held by one worker at a time."""
    arrived: queue.SimpleQueue[int] = queue.SimpleQueue()
    gates = {1: Gate(), 2: Gate()}
    statuses = {1: b"500 Trouble", 2: b"200 OK"}

    def answer(peer: Peer) -> None:
        peer.read_request()
        arrived.put(peer.number)
        if peer.number in gates:
            gates[peer.number]()
        status = statuses.get(peer.number, b"200 OK")
        peer.say(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    with hostile(answer) as receiver:
        first = open_house(folder, url)
        others = [open_house(folder, url, clock=first.clock) for _ in range(2)]
        first.gateway.create_endpoint(first.account, url=receiver)
        first.issue()
        try:
            return _play(first, others[0], others[1], arrived, gates)
        finally:
            for gate in gates.values():
                gate.open()
            for house in (first, *others):
                house.gateway.close()


def _play(
    first: House, second: House, third: House, arrived: "queue.SimpleQueue[int]", gates: dict[int, Gate]
) -> list[str]:
    found = []
    stopped = Crowd([first.gateway.dispatch])
    assert arrived.get(timeout=10) == 1
    first.clock.forward(LEASE_FOR)
    successor = Crowd([second.gateway.dispatch])
    assert arrived.get(timeout=10) == 2
    gates[1].open()  # the first wakes up, and has its late answer to write
    stopped.wait()
    first.clock.forward(timedelta(seconds=10))  # past the retry of the late answer, within the lease
    if third.gateway.dispatch():
        found.append("two workers sent one delivery at once")
    gates[2].open()
    successor.wait()
    [delivery] = first.rows("webhook_deliveries")
    if delivery["state"] != "delivered":
        found.append(f"the delivery is {delivery['state']} after a 200")
    records = [(row["record"]["outcome"], row["record"].get("is_late")) for row in first.rows("attempts")]
    if records != [("lost", None), ("failed", True), ("delivered", False)]:
        found.append(f"the attempts are {records}")
    return found


if __name__ == "__main__":
    violations = scenario(Path(sys.argv[1]), sys.argv[2])
    where = str(Path(connector.__file__).parent)
    sys.stdout.write(json.dumps({"connector": where, "violations": violations}) + "\n")
