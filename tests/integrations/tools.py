"""The calls to the gateway as no-code tools keep them: n8n's workflow, Make's blueprints, HighLevel's steps.

One rule: every body is one that the API's own document shows, with the tool's own words for what varies.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.web.calls import Call

CODE: Final = "TEST-7K2Q-9MXW-4HPA"
EVENT: Final[Mapping[str, Any]] = {
    "type": "order.paid",
    "id": "order-1001",
    "email": "ada@example.com",
    "order_id": "order-1001",
    "amount": "120.00",
    "currency": "USD",
}
"""What a tool tells a source of ours: adapters n8n and make."""
ADDRESS: Final = "https://gifts.example.com"
KEY: Final = "PASTE-THE-API-KEY"
SECRET: Final = "PASTE-THE-SOURCE-S-SECRET"
WEBHOOK_SECRET: Final = "PASTE-THE-ENDPOINT-S-SECRET"

# HighLevel puts values into a body as they are, so a quote in one would end the JSON: these have none.
_MERGED: Final = {"email": "{{contact.email}}", "code": "{{contact.gift_card_code}}"}
_NEVER: Final = ("first_name",)

_VERIFY: Final = """\
// Takes what the gateway really sent, and nothing else: Standard Webhooks, over the raw body, five minutes.
// On a server of your own n8n has to be started with NODE_FUNCTION_ALLOW_BUILTIN=crypto.
const SECRET = '%s';
const crypto = require('crypto');

const { headers } = $input.first().json;
const body = await this.helpers.getBinaryDataBuffer(0, 'data');
const id = headers['webhook-id'];
const timestamp = headers['webhook-timestamp'];
const age = Math.abs(Date.now() / 1000 - Number(timestamp));
const key = Buffer.from(SECRET.replace(/^whsec_/, ''), 'base64');
const expected = crypto.createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
const isRight = (headers['webhook-signature'] || '').split(' ').some((one) => {
  const sent = Buffer.from(one.startsWith('v1,') ? one.slice(3) : '', 'base64');
  return sent.length === expected.length && crypto.timingSafeEqual(sent, expected);
});
if (!id || !(age <= 300) || !isRight) {
  throw new Error('This was not sent by the gateway, or it is too old.');
}
return [{ json: JSON.parse(body.toString('utf8')) }];
"""


def n8n_calls(bodies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A workflow: a trigger by hand, settings, and an HTTP node for a source and for each action."""
    named = {"base_url": ADDRESS, "account": "my-shop", "source": "n8n", "code": CODE, **EVENT}
    nodes = [
        _n8n("When clicking Execute", "manualTrigger", 1, {}, (0, 300)),
        _n8n("Settings", "set", 3.4, _assigned(named), (220, 300)),
        _n8n_http("Tell of an order", "/hooks/{{ $json.account }}/{{ $json.source }}", EVENT, 0, is_on=True),
    ]
    for place, (name, body) in enumerate(bodies.items(), 1):
        nodes.append(_n8n_http(name, f"/v1/actions/{name}", body, place, is_on=False))
    calls = [one["name"] for one in nodes[2:]]
    return {
        **_n8n_named("giftCardsCalls01", "6f0d3c52-6a1e-4c57-9b1c-0d6f5b1f7a01"),
        "name": "Gift cards",
        "nodes": nodes,
        "connections": {
            nodes[0]["name"]: _joined(["Settings"]),
            "Settings": _joined(calls),
        },
        "settings": {"executionOrder": "v1"},
        "active": False,
    }


def n8n_messages() -> dict[str, Any]:
    """A workflow that receives what the gateway sends, and goes on with what is really its own."""
    hook = {
        "httpMethod": "POST",
        "path": "gift-cards",
        "responseMode": "lastNode",
        "options": {"rawBody": True},
    }
    nodes = [
        {
            **_n8n("Gateway", "webhook", 2, {**hook, "options": {"rawBody": True}}, (0, 300)),
            "webhookId": "gift-cards",
        },
        _n8n("Verify", "code", 2, {"jsCode": _VERIFY % WEBHOOK_SECRET}, (220, 300)),
        _n8n("Go on here", "noOp", 1, {}, (440, 300)),
    ]
    return {
        **_n8n_named("giftCardsNews001", "6f0d3c52-6a1e-4c57-9b1c-0d6f5b1f7a02"),
        "name": "Gift card messages",
        "nodes": nodes,
        "connections": {"Gateway": _joined(["Verify"]), "Verify": _joined(["Go on here"])},
        "settings": {"executionOrder": "v1"},
        "active": False,
    }


def _n8n_named(number: str, version: str) -> dict[str, str]:
    """Without these `n8n import:workflow` refuses a workflow; the editor gives it others."""
    return {"id": number, "versionId": version}


def make_blueprint(name: str, path: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario of two modules: the values, and the call that is made with them."""
    is_action = key == KEY
    values = {"base_url": ADDRESS, "key": key, **({"reference": "order-1001"} if is_action else {}), **body}
    headers = {"Authorization": "Bearer {{1.key}}"}
    if is_action:  # Make repeats a call that it had no answer to: it must not give twice
        headers["Idempotency-Key"] = f"{name}-{{{{1.reference}}}}"
    data = json.dumps({one: f"{{{{1.{one}}}}}" for one in body}, indent=2)
    call = {
        "url": "{{1.base_url}}" + path,
        "method": "post",
        "headers": [{"name": one, "value": value} for one, value in headers.items()],
        "qs": [],
        "bodyType": "raw",
        "contentType": "application/json",
        "data": data,
        "parseResponse": True,
        "serializeUrl": False,
        "shareCookies": False,
        "followRedirect": False,
        "followAllRedirects": False,
        "rejectUnauthorized": True,
        "useQuerystring": False,
        "gzip": True,
        "timeout": "",
        "useMtls": False,
        "authUser": "",
        "authPass": "",
    }
    variables = [{"name": one, "value": str(value)} for one, value in values.items()]
    return {
        "name": name,
        "flow": [
            _make(1, "util:SetVariables", 1, {}, {"scope": "roundtrip", "variables": variables}),
            _make(2, "http:ActionSendData", 3, {"handleErrors": True, "useNewZLibDeCompress": True}, call),
        ],
        "metadata": {
            "instant": False,
            "version": 1,
            # dlq: incomplete executions are stored, without which Make repeats nothing
            "scenario": {
                "roundtrips": 1,
                "maxErrors": 3,
                "autoCommit": True,
                "autoCommitTriggerLast": True,
                "sequential": False,
                "confidential": False,
                "dataloss": False,
                "dlq": True,
                "freshVariables": False,
            },
            "designer": {"orphans": []},
        },
    }


def highlevel_page(calls: Sequence[Call], bodies: Mapping[str, Mapping[str, Any]]) -> str:
    """A Custom Webhook step for each action, with the body to paste."""
    parts = [_HIGHLEVEL]
    for call, (name, body) in zip(calls, bodies.items(), strict=True):
        told = {one: _MERGED.get(one, value) for one, value in body.items() if one not in _NEVER}
        parts.append(
            f"## {call.title}\n\n"
            f"`POST {ADDRESS}/v1/actions/{name}`, a key with `{call.scope}`"
            + "".join(f" and `{one}`" for one in call.also)
            + f"\n\n```json\n{json.dumps(told, indent=2)}\n```\n"
        )
    return "\n".join(parts)


def _assigned(named: Mapping[str, Any]) -> dict[str, Any]:
    values = [
        {"id": f"value-{number}", "name": name, "value": str(value), "type": "string"}
        for number, (name, value) in enumerate(named.items(), 1)
    ]
    return {"assignments": {"assignments": values}, "options": {}}


def _n8n_http(name: str, path: str, body: Mapping[str, Any], place: int, *, is_on: bool) -> dict[str, Any]:
    varies = EVENT if body is EVENT else ("email", "code")
    sent = [
        {"name": one, "value": f"={{{{ $json.{one} }}}}" if one in varies else str(value)}
        for one, value in body.items()
    ]
    node = _n8n(
        name,
        "httpRequest",
        4.2,
        {
            "method": "POST",
            "url": "={{ $json.base_url }}" + path,
            "authentication": "genericCredentialType",
            "genericAuthType": "httpBearerAuth",
            "sendBody": True,
            "contentType": "json",
            "specifyBody": "keypair",
            "bodyParameters": {"parameters": sent},
            "options": {},
        },
        (480, 300 + 180 * place),
    )
    if not is_on:  # an action: an event is known by its type and id, but this only by what the node says
        same = {"name": "Idempotency-Key", "value": f"={name}-{{{{ $execution.id }}}}-{{{{ $itemIndex }}}}"}
        node["parameters"] |= {"sendHeaders": True, "headerParameters": {"parameters": [same]}}
        node["disabled"] = True
    return {**node, "retryOnFail": True}


def _n8n(
    name: str, kind: str, version: float, parameters: Mapping[str, Any], at: tuple[int, int]
) -> dict[str, Any]:
    return {
        "id": name.lower().replace(" ", "-"),
        "name": name,
        "type": f"n8n-nodes-base.{kind}",
        "typeVersion": version,
        "position": list(at),
        "parameters": dict(parameters),
    }


def _joined(names: Sequence[str]) -> dict[str, Any]:
    return {"main": [[{"node": one, "type": "main", "index": 0} for one in names]]}


def _make(
    number: int, module: str, version: int, parameters: Mapping[str, Any], mapper: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "id": number,
        "module": module,
        "version": version,
        "parameters": dict(parameters),
        "mapper": dict(mapper),
        "metadata": {"designer": {"x": 300 * (number - 1), "y": 0}},
    }


_HIGHLEVEL: Final = f"""\
# HighLevel's workflow builder

<!-- Written by `python -m tests.integrations.written`. -->

A step for each deed on gift cards. In a workflow choose the action Custom Webhook (a premium one):

| field | value |
| --- | --- |
| Method | POST |
| URL | `{ADDRESS}/v1/actions/…`, as below, with your gateway's address |
| Authorization | Bearer Token: the API key, of `connector keys create ACCOUNT --name highlevel` |
| Headers | `Idempotency-Key: welcome-{{{{contact.id}}}}`, where it shall happen once for each contact |
| Content type | application/json |
| Raw body | one of those below |

HighLevel puts custom values into the body as they are. A value with a quote or the end of a line in it, as
names may have, makes the body invalid: the answer is 400 and nothing was done. E-mail addresses, ids and
codes are safe. `gift_card_code` is a custom field of your own.

To have HighLevel tell of appointments, invoices and tags, see [its page](../../docs/sources/highlevel.md).
"""
