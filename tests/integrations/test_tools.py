"""Each call that n8n, Make and HighLevel keep is taken out of its file and made as the tool would make it."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.domain.signing import standard_headers, standard_key
from tests.integrations.tools import ADDRESS, KEY, SECRET, WEBHOOK_SECRET
from tests.integrations.written import FOLDER, actions, name_of
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House, open_house
from tests.kit.node import NODE
from tests.web.door import door_of

NAMES = [name_of(one) for one in actions()]
ADA = "ada@example.com"


class Shop:
    """A sandbox named as the files name it, with a source for each tool, a card of Ada's and some points."""

    def __init__(self, house: House) -> None:
        self.house, self.door = house, door_of(house)
        self.key = house.key("admin", account="my-shop")
        self.secrets = {}
        account = house.gateway.account("my-shop")
        for name in ("make", "n8n"):
            made = house.gateway.directory.create_source(account, slug=name, adapter=name).body
            self.secrets[name] = made["secret"]
        self.act("add-points", points=1000, email=ADA)

    def fresh(self) -> str:
        """The code of another card of Ada's."""
        return str(self.act("issue-gift-card", amount="500.00", email=ADA)["code"])

    def act(self, action: str, **body: Any) -> dict[str, Any]:
        return dict(self.door.post(f"/v1/actions/{action}", key=self.key, body=body).get_json())

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        assert url.startswith(ADDRESS + "/"), url
        answer = self.door.post(url.removeprefix(ADDRESS), raw=body, headers=headers)
        return answer.status_code, dict(answer.get_json(force=True))


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str) -> Iterator[Shop]:
    house = open_house(tmp_path, sqlite_url, recipes={})
    house.gateway.directory.create_account(slug="my-shop", sandbox=True)
    yield Shop(house)
    house.gateway.close()


def kept(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


def filled(text: str, pattern: str, values: Mapping[str, Any]) -> str:
    """The text as the tool fills it in; nothing is left that it would have to work out."""
    found = re.sub(pattern, lambda one: str(values[one[1]]), text)
    assert "{{" not in found, found
    return found


def require_done(name: str, status: int, answer: Mapping[str, Any]) -> None:
    assert status in (200, 201), (name, answer)
    if name == "issue-gift-card":
        assert answer["state"] == "active"
    if name == "check-balance":
        assert answer["has_balance"] is True


# Make


def test_make_s_blueprints_do_every_action_and_tell_an_event(shop: Shop) -> None:
    for name in NAMES:
        own = {"key": shop.key, "code": shop.fresh()}
        first, again = (_sent_by_make(shop, name, own) for _ in range(2))
        require_done(name, *first)
        assert again == first, "Make repeats a call that it had no answer to"

    status, answer = _sent_by_make(shop, "tell-of-an-order", {"key": shop.secrets["make"]})

    assert (status, [one["type"] for one in answer["events"]]) == (200, ["order.paid"])


SET_VARIABLES = {"scope", "variables"}
HTTP = {
    *("url", "method", "headers", "qs", "bodyType", "contentType", "data", "parseResponse", "serializeUrl"),
    *("shareCookies", "followRedirect", "followAllRedirects", "rejectUnauthorized", "useQuerystring", "gzip"),
    *("timeout", "useMtls", "authUser", "authPass"),
}
SCENARIO = {
    *("roundtrips", "maxErrors", "autoCommit", "autoCommitTriggerLast", "sequential", "confidential"),
    *("dataloss", "dlq", "freshVariables"),
}


def test_every_blueprint_has_the_shape_that_make_imports() -> None:
    """The fields of these two modules and of a scenario are those that exports of Make's own show."""
    files = sorted(one.stem for one in (FOLDER / "make").glob("*.json"))
    assert files == sorted([*NAMES, "tell-of-an-order"])
    for name in files:
        blueprint = kept(f"make/{name}.json")
        assert set(blueprint) == {"name", "flow", "metadata"}
        assert [one["module"] for one in blueprint["flow"]] == ["util:SetVariables", "http:ActionSendData"]
        assert [(one["id"], one["version"]) for one in blueprint["flow"]] == [(1, 1), (2, 3)]
        assert {frozenset(one) for one in blueprint["flow"]} == {
            frozenset({"id", "module", "version", "parameters", "mapper", "metadata"})
        }
        assert [set(one["mapper"]) for one in blueprint["flow"]] == [SET_VARIABLES, HTTP]
        assert set(blueprint["metadata"]) == {"instant", "version", "scenario", "designer"}
        assert set(blueprint["metadata"]["scenario"]) == SCENARIO
        assert blueprint["metadata"]["scenario"]["dlq"] is True
        assert (KEY in json.dumps(blueprint)) != (SECRET in json.dumps(blueprint))


def _sent_by_make(shop: Shop, name: str, own: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    values, call = (one["mapper"] for one in kept(f"make/{name}.json")["flow"])
    known = {one["name"]: one["value"] for one in values["variables"]}
    known |= {one: value for one, value in own.items() if one in known}
    pattern = r"\{\{1\.(\w+)\}\}"
    headers = {one["name"]: filled(one["value"], pattern, known) for one in call["headers"]}
    assert ("Idempotency-Key" in headers) == (name in NAMES)
    assert (call["method"], call["bodyType"], call["contentType"]) == ("post", "raw", "application/json")
    body = filled(call["data"], pattern, known).encode()
    return shop.post(filled(call["url"], pattern, known), headers, body)


# n8n


def test_n8n_s_workflow_does_every_action_and_tells_an_event(shop: Shop) -> None:
    workflow = kept("n8n/gift-cards.json")
    nodes = {one["name"]: one for one in workflow["nodes"]}
    calls = {name: one for name, one in nodes.items() if one["type"] == "n8n-nodes-base.httpRequest"}
    assert set(calls) == {"Tell of an order", *NAMES}
    assert [name for name, one in calls.items() if not one.get("disabled")] == ["Tell of an order"]
    settings = nodes["Settings"]["parameters"]["assignments"]["assignments"]
    item = {one["name"]: one["value"] for one in settings}

    for name, call in calls.items():
        token = shop.secrets["n8n"] if name == "Tell of an order" else shop.key
        require_done(name, *_sent_by_n8n(shop, call["parameters"], {**item, "code": shop.fresh()}, token))


@pytest.mark.parametrize("name", ["gift-cards", "messages"])
def test_a_workflow_leads_from_its_trigger_to_every_node(name: str) -> None:
    """And has the id and version without which `n8n import:workflow` refuses it."""
    workflow = kept(f"n8n/{name}.json")
    assert re.fullmatch(r"[A-Za-z0-9]{16}", workflow["id"]) and len(workflow["versionId"]) == 36
    names = [one["name"] for one in workflow["nodes"]]
    assert len(set(names)) == len(names) and len({one["id"] for one in workflow["nodes"]}) == len(names)
    reached, ahead = set(), [names[0]]
    while ahead:
        reached.add(here := ahead.pop())
        for way in workflow["connections"].get(here, {"main": []})["main"]:
            ahead += [one["node"] for one in way]
    assert reached == set(names)


def _sent_by_n8n(
    shop: Shop, told: Mapping[str, Any], item: Mapping[str, str], token: str
) -> tuple[int, dict[str, Any]]:
    pattern = r"\{\{ \$json\.(\w+) \}\}"
    assert (told["method"], told["genericAuthType"]) == ("POST", "httpBearerAuth")
    assert (told["contentType"], told["specifyBody"]) == ("json", "keypair")
    body = {
        one["name"]: filled(one["value"].removeprefix("="), pattern, item)
        for one in told["bodyParameters"]["parameters"]
    }
    url = filled(told["url"].removeprefix("="), pattern, item)
    headers = {"Authorization": f"Bearer {token}"}
    for one in told.get("headerParameters", {"parameters": []})["parameters"]:
        own = {"execution.id": "731", "itemIndex": "0"}
        headers[one["name"]] = filled(one["value"].removeprefix("="), r"\{\{ \$([\w.]+) \}\}", own)
    assert ("Idempotency-Key" in headers) == ("/v1/actions/" in url)
    return shop.post(url, headers, json.dumps(body).encode())


RUN = """\
const [code, cases] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
(async () => {
  const answers = [];
  for (const [headers, body, at] of cases) {
    Date.now = () => at * 1000;
    const $input = { first: () => ({ json: { headers } }) };
    const helpers = { getBinaryDataBuffer: async () => Buffer.from(body, 'base64') };
    const run = new AsyncFunction('$input', 'require', code).bind({ helpers });
    answers.push(await run($input, require).catch((fault) => fault.message));
  }
  process.stdout.write(JSON.stringify(answers));
})();
"""


def test_n8n_s_webhook_node_goes_on_with_what_the_gateway_signed_and_with_nothing_else() -> None:
    """What the Code node is given is what n8n's Webhook node gives: headers, and the raw body as a file."""
    [node] = [one for one in kept("n8n/messages.json")["nodes"] if one["name"] == "Verify"]
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    code = node["parameters"]["jsCode"].replace(WEBHOOK_SECRET, secret)
    assert secret in code
    body = '{"type": "gift_card.issued", "data": {"note": "Zoë"}}'.encode()
    good = standard_headers([standard_key(secret)], "msg_1", THE_MOMENT, body)
    other = standard_headers([bytes(32)], "msg_1", THE_MOMENT, body)
    now = THE_MOMENT.timestamp()
    two = {**good, "webhook-signature": f"{other['webhook-signature']} {good['webhook-signature']}"}
    cases: list[tuple[Mapping[str, str], bytes, float, bool]] = [
        (good, body, now, True),
        (good, body, now + 299, True),
        (two, body, now, True),
        (good, body, now + 301, False),
        (good, body, now - 301, False),
        (good, body + b" ", now, False),
        (other, body, now, False),
        ({**good, "webhook-id": "msg_2"}, body, now, False),
        ({**good, "webhook-timestamp": "soon"}, body, now, False),
        ({**good, "webhook-signature": "v1,"}, body, now, False),
        ({}, body, now, False),
    ]
    told = [code, [[dict(one), base64.b64encode(raw).decode(), at] for one, raw, at, _ in cases]]

    ran = subprocess.run([NODE, "-e", RUN], input=json.dumps(told).encode(), capture_output=True, check=True)

    answers = json.loads(ran.stdout)
    assert [isinstance(one, list) for one in answers] == [one[3] for one in cases], answers
    assert answers[0] == [{"json": json.loads(body)}]


# HighLevel


def _steps() -> dict[str, tuple[str, str]]:
    page = (FOLDER / "highlevel" / "README.md").read_text("utf-8")
    found = re.findall(r"^`POST (\S+)`.*?^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return {url.rpartition("/")[2]: (url, body) for url, body in found}


def test_highlevel_s_custom_webhook_steps_do_what_they_say(shop: Shop) -> None:
    for name, (url, body) in _steps().items():
        values = {"email": ADA, "gift_card_code": shop.fresh()}
        sent = filled(body, r"\{\{contact\.(\w+)\}\}", values).encode()
        headers = {"Authorization": f"Bearer {shop.key}", "Idempotency-Key": f"{name}-ocQHyuzHvysMo5N5VsXc"}

        first, again = (shop.post(url, headers, sent) for _ in range(2))

        require_done(name, *first)
        assert again == first, "a contact that comes to the step again gets nothing twice"


def test_highlevel_has_a_step_for_every_action() -> None:
    assert sorted(_steps()) == NAMES


def test_a_name_with_a_quote_is_told_by_its_position_and_does_nothing(shop: Shop) -> None:
    url, body = _steps()["issue-gift-card"]
    broken = body.replace("{{contact.email}}", 'Ann "Annie" Lee')

    status, answer = shop.post(url, {"Authorization": f"Bearer {shop.key}"}, broken.encode())

    assert (status, answer["code"]) == (400, "bad_json")
    assert re.search(r"line \d|column \d|position \d|character \d", answer["detail"]), answer["detail"]
