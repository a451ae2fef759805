"""n8n itself, started here: it imports what we ship, posts to our gateway, and takes what we signed.

`make soak` sets n8n up and runs this; `make test` leaves it alone, since n8n is a gigabyte and a half. The
rule that holds: the workflows are those of `integrations/n8n`, imported as they are, and then filled in
as its README says.
"""

import http.cookiejar
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.domain.jsontext import loads
from tests.integrations.tools import WEBHOOK_SECRET
from tests.kit.counting import free_port
from tests.kit.databases import PostgresMaker
from tests.kit.house import ACCOUNT
from tests.kit.node import NODE, program
from tests.kit.process import Running, Serving, environment, settle
from tests.kit.sources import ROOT

PACKAGES: Final = ROOT / ".n8n" / "node_modules"
KEPT: Final = ROOT / "integrations" / "n8n"
NAMES: Final = ("gift-cards.json", "messages.json")
START_S: Final = 300.0  # a bound on hanging: it makes a hundred tables first
RECIPE: Final = """\
recipe: a-card-each
title: A card for each order
status: live
on: order.paid
if:
  - contact.email is not missing
do:
  - issue_card: {amount: 25.00 USD}
tests:
  - name: an order
    event: order.paid
    given: {event: {order: {id: "1"}}, contact: {email: ada@example.com}}
    expect: [issue_card: {amount: 25.00 USD}]
  - name: nobody knows whose
    event: order.paid
    given: {event: {order: {id: "1"}}}
    expect: nothing
    because: contact.email is not missing
"""


@dataclass
class N8n:
    """One n8n on a port of this machine, and its owner, signed in as the editor is."""

    folder: Path
    settings: dict[str, str]
    port: int
    browser: urllib.request.OpenerDirector

    @property
    def hook(self) -> str:
        """The production URL of the node Gateway."""
        return f"http://127.0.0.1:{self.port}/webhook/gift-cards"

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """One call of its editor's; a GET where nothing is sent."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/rest/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with self.browser.open(request, timeout=START_S) as answer:
            return json.load(answer)["data"]

    def saved(self, workflow: dict[str, Any]) -> dict[str, Any]:
        """As the editor saves what was changed of a workflow that is there."""
        fields = {name: workflow[name] for name in ("name", "nodes", "connections", "settings")}
        told: dict[str, Any] = self.ask(f"workflows/{workflow['id']}", fields, "PATCH")
        return told

    def commanded(self, *words: str) -> bytes:
        """What its own command line printed."""
        ports = {"N8N_PORT": str(free_port()), "N8N_RUNNERS_BROKER_PORT": str(free_port() + 1)}
        ran = subprocess.run(
            [*program("n8n/bin/n8n", PACKAGES, "make soak"), *words],
            cwd=self.folder,
            env={**environment(), **self.settings, **ports},
            capture_output=True,
            timeout=START_S,
            check=False,
        )
        assert ran.returncode == 0, (ran.stdout, ran.stderr)
        return ran.stdout

    def executed(self, workflow: str) -> Any:
        """What the node Tell of an order was answered, in a run by its own command line."""
        printed = self.commanded("execute", f"--id={workflow}", "--rawOutput")
        told = json.loads(printed[printed.index(b"\n{") :])
        [run] = told["data"]["resultData"]["runData"]["Tell of an order"]
        return run["data"]["main"][0][0]["json"]


def settings_of(folder: Path, database: str, port: int) -> dict[str, str]:
    """Nothing is sent anywhere, everything is kept in `folder` and in the database."""
    where = urlsplit(database)
    return {
        "PATH": f"{NODE.parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "N8N_USER_FOLDER": str(folder),
        "N8N_PORT": str(port),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_RUNNERS_BROKER_PORT": str(port + 1),
        "N8N_ENCRYPTION_KEY": "of this test alone",
        "N8N_SECURE_COOKIE": "false",
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
        "NODE_FUNCTION_ALLOW_BUILTIN": "crypto",
        "DB_TYPE": "postgresdb",
        "DB_POSTGRESDB_HOST": where.hostname or parse_qs(where.query)["host"][0],
        "DB_POSTGRESDB_DATABASE": where.path.removeprefix("/"),
        "DB_POSTGRESDB_USER": where.username or "postgres",
    }


@contextmanager
def a_running_n8n(folder: Path, database: str) -> Iterator[N8n]:
    port = free_port()
    settings = settings_of(folder, database, port)
    words = program("n8n/bin/n8n", PACKAGES, "make soak")
    told = ("env", *(f"{name}={value}" for name, value in settings.items()))
    with Running("start", folder=folder, program=words, before=told) as process:
        process.wait_for("Editor is now accessible", patience_s=START_S)
        browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        found = N8n(folder, settings, port, browser)
        person = {
            "email": "ops@example.com",
            "firstName": "Ada",
            "lastName": "Bell",
            "password": "Only-here-1",
        }
        found.ask("owner/setup", person)
        yield found
        assert process.terminate() == 0


@pytest.fixture
def n8n(postgres_maker: PostgresMaker, tmp_path: Path) -> Iterator[N8n]:
    folder = tmp_path / "n8n"
    folder.mkdir()
    with a_running_n8n(folder, postgres_maker.empty()) as found:
        yield found


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Serving]:
    with Serving.at(settle(tmp_path / "gateway", recipe=RECIPE)) as serving:
        yield serving


def made(gateway: Serving, path: str, body: Any) -> dict[str, Any]:
    reply = gateway.ask("POST", path, json.dumps(body).encode())
    assert reply.status == 201, reply.body
    return dict(reply.json())


def kept(name: str) -> dict[str, Any]:
    """A workflow as it is shipped."""
    found: dict[str, Any] = json.loads((KEPT / name).read_text("utf-8"))
    return found


def imported(n8n: N8n) -> list[dict[str, Any]]:
    """Both workflows as n8n has them, once its command line and its editor have imported the files."""
    told = n8n.commanded("import:workflow", f"--input={KEPT / 'gift-cards.json'}")
    assert b"Successfully imported 1 workflow" in told, told
    told = n8n.commanded("import:workflow", "--separate", f"--input={KEPT}")
    assert b"Successfully imported 2 workflows" in told, told
    found = {one["name"]: one["id"] for one in n8n.ask("workflows")}
    for name in NAMES:  # as Import from File and Save do
        assert n8n.ask("workflows", kept(name))["id"] not in found.values()
    whole = [n8n.ask(f"workflows/{found[kept(name)['name']]}") for name in NAMES]
    for mine, name in zip(whole, NAMES, strict=True):
        assert [(one["name"], one["type"], one["parameters"]) for one in mine["nodes"]] == [
            (one["name"], one["type"], one["parameters"]) for one in kept(name)["nodes"]
        ]
        assert mine["connections"] == kept(name)["connections"]
    return whole


def telling(workflow: dict[str, Any], gateway: Serving, credential: dict[str, Any]) -> dict[str, Any]:
    """`gift-cards.json` with this gateway in Settings, and the source's secret at the node that tells."""
    nodes = {node["name"]: node for node in workflow["nodes"]}
    for one in nodes["Settings"]["parameters"]["assignments"]["assignments"]:
        one["value"] = {"base_url": gateway.url, "account": ACCOUNT}.get(one["name"], one["value"])
    named = {"id": credential["id"], "name": credential["name"]}
    nodes["Tell of an order"]["credentials"] = {"httpBearerAuth": named}
    return workflow


def listening(workflow: dict[str, Any], secret: str) -> dict[str, Any]:
    """`messages.json` with the endpoint's secret in the node Verify."""
    [verify] = [node for node in workflow["nodes"] if node["name"] == "Verify"]
    verify["parameters"]["jsCode"] = verify["parameters"]["jsCode"].replace(WEBHOOK_SECRET, secret)
    return workflow


def test_n8n_tells_of_an_order_and_takes_the_message_of_its_card(n8n: N8n, gateway: Serving) -> None:
    """S000-33: imported as shipped; told twice it is one card; what nobody signed ends in an error there."""
    calls, messages = imported(n8n)
    secret = made(gateway, "/v1/sources", {"slug": "n8n", "adapter": "n8n"})["secret"]
    bearer = {"name": "Gateway", "type": "httpBearerAuth", "data": {"token": secret}}
    workflow = n8n.saved(telling(calls, gateway, n8n.ask("credentials", bearer)))
    endpoint = made(gateway, "/v1/webhook-endpoints", {"url": n8n.hook, "event_types": ["gift_card.issued"]})
    listener = n8n.saved(listening(messages, endpoint["secret"]))
    n8n.ask(f"workflows/{listener['id']}/activate", {"versionId": listener["versionId"]})

    first, again = (n8n.executed(workflow["id"]) for _ in range(2))

    assert (first["status"], again["status"]) == ("processed", "duplicate")
    assert first["runs"][0]["id"] == again["runs"][0]["id"]
    gateway.process.wait_for('"event": "attempt"', "err")
    [card] = gateway.get("/v1/gift-cards")["data"]
    [delivery] = gateway.get("/v1/webhook-deliveries")["data"]
    [attempt] = gateway.get(f"/v1/webhook-deliveries/{delivery['id']}/attempts")["data"]
    echoed = loads(attempt["answer"].encode())
    assert (attempt["status"], echoed["type"]) == (200, "gift_card.issued")
    assert echoed["data"]["gift_card"]["id"] == card["id"]
    assert refused(n8n) == 500


def refused(n8n: N8n) -> int:
    """How the workflow answers what nobody signed."""
    request = urllib.request.Request(n8n.hook, b"{}", {"Content-Type": "application/json"})
    with pytest.raises(HTTPError) as answer:
        n8n.browser.open(request, timeout=START_S)
    answer.value.close()
    return answer.value.code
