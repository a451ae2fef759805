"""What the pages show running is run: commands parsed, curl's lines asked, recipes and verifiers tried."""

import base64
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from flask.testing import FlaskClient

from connector.adapters import registry
from connector.adapters.kit import faults_of, find_sample
from connector.cli.main import root
from connector.domain.clock import SystemClock
from connector.domain.inbound import Source
from connector.domain.signing import standard_headers, standard_key
from connector.flows.performing import step_specs
from connector.recipes.library import Library
from connector.web.factory import create_web
from tests.kit.house import ACCOUNT, House, open_house
from tests.kit.node import NODE
from tests.kit.pages import PAGES, code, page, section

# Commands


def commands() -> Iterator[tuple[str, str]]:
    """Every line of ours in the pages' blocks of shell, with its page."""
    for name in PAGES:
        for line in "\n".join(code(page(name), "sh")).splitlines():
            found = re.match(r"(?:\S*/)?connector (.+)", line)
            if found is not None:
                yield name, found[1]


COMMANDS = list(commands())


@pytest.mark.parametrize(("name", "line"), COMMANDS)
def test_a_command_that_a_page_shows_is_understood(name: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    command: click.Command = root()
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    assert command.make_context(command.name, words).params is not None


def test_the_first_webhook_of_the_readme_is_one_that_the_demo_can_send() -> None:
    sent = [words.split()[1:] for name, words in COMMANDS if name == "README.md" and words.startswith("send")]
    assert sent == [["demo/calendly", "invitee.created"]]
    [(source, event)] = sent
    adapter = registry.find(source.partition("/")[2])
    assert find_sample(adapter, event).event_type == "booking.created"


# The REST API


class Shell:
    """Reads a page's lines of shell: assignments are kept, `curl` asks the app."""

    def __init__(self, house: House, client: FlaskClient, known: Mapping[str, str]) -> None:
        self._house, self._client = house, client
        self._known = dict(known)
        self._first: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self.asked = 0

    def run(self, script: str) -> None:
        """Every call gets the status, the code and, where it is told, the body in the comment above it."""
        told = ""
        for line in re.sub(r"\\\n\s*", "", script).splitlines():
            if line.startswith("# "):
                told = line.removeprefix("# ")
            elif re.match(r"[A-Z]+=", line):
                self._keep(line)
            elif line.startswith("curl "):
                self._ask(line, told)

    def _keep(self, line: str) -> None:
        name, value = line.split("=", 1)
        if name in ("CARD", "CODE"):  # what a person copies from the first answer
            value = self._first[{"CARD": "id", "CODE": "code"}[name]]
        if name == "TRANSACTION":  # and from the list above
            value = self._last["data"][0]["id"]
        self._known.setdefault(name, shlex.split(value)[0])

    def _ask(self, line: str, told: str) -> None:
        for name, value in self._known.items():
            line = re.sub(rf"\${name}\b", lambda _, value=value: value, line)  # type: ignore[misc]
        line = re.sub(r"\$\(cat data/keys/source-(\w+)\)", lambda found: self._house.secrets[found[1]], line)
        assert "$" not in line
        words = iter(shlex.split(line)[1:])
        url, headers, body = "", {}, None
        for word in words:
            if word == "-H":
                header, _, value = next(words).partition(": ")
                headers[header] = value
            elif word == "-d":
                body = next(words)
            elif word != "-s":
                url = word
        path = url.removeprefix("http://127.0.0.1:8080").replace("/hooks/demo/", f"/hooks/{ACCOUNT}/")
        answer = self._client.open(path, method="GET" if body is None else "POST", headers=headers, data=body)
        self.asked += 1
        self._last = answer.get_json()
        self._first = self._first or self._last
        status, _, words_told = told.partition(": ")
        expected, _, error = status.partition(" ")
        assert answer.status_code == int(expected), (told, answer.text)
        assert not error or answer.get_json()["code"] == error
        assert not words_told.startswith("{") or answer.get_json() == json.loads(words_told)


@pytest.fixture
def house(tmp_path: Path, sqlite_url: str) -> Iterator[House]:
    built = open_house(tmp_path, sqlite_url)
    yield built
    built.gateway.close()


@pytest.fixture
def shell(house: House) -> Shell:
    app = create_web(house.gateway, public_url="http://127.0.0.1:8080", max_body_bytes=100_000)
    known = {"AUTH": f"Authorization: Bearer {house.key('admin')}", "URL": "http://127.0.0.1:8080"}
    return Shell(house, app.test_client(), known)


def test_the_session_of_the_api_page_goes_as_it_says(shell: Shell, house: House) -> None:
    for script in code(page("docs/api.md"), "sh"):
        shell.run(script)
    assert shell.asked == page("docs/api.md").count("\ncurl ")
    assert len(house.cards()) == 2
    house.require_proof()


def test_the_flat_body_of_the_receiving_page_is_an_event(shell: Shell, house: House) -> None:
    [script] = code(section("docs/receiving.md", "## Flat names"), "sh")
    shell.run("# 200\n" + script)
    assert shell.asked == 1


def test_the_options_of_the_receiving_page_have_no_fault() -> None:
    [block] = code(section("docs/receiving.md", "## Any other sender"), "toml")
    options = tomllib.loads(block)["sources"]["options"]
    adapter = registry.find("generic")
    source = Source("glow-spa", "shop", "generic", ["s3cret"], "USD", "UTC", "US", options)
    assert faults_of(adapter, source) == []
    assert faults_of(adapter, replace(source, options={"typo": "x"})) != []


# Recipes


RECIPES = {
    text.partition("recipe: ")[2].partition("\n")[0]: text for text in code(page("docs/recipes.md"), "yaml")
}


def test_the_recipes_that_are_shown_are_good_and_their_tests_pass(tmp_path: Path) -> None:
    for name, text in RECIPES.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    snapshot = Library(tmp_path, step_specs()).load()
    assert [(each.recipe, each.status, each.errors, each.warnings) for each in snapshot.entries] == [
        ("big-order", "live", (), ()),
        ("come-back", "live", (), ()),
        ("first-order", "draft", (), ()),
    ]


def test_the_first_recipe_has_six_lines() -> None:
    assert len(RECIPES["first-order"].strip().splitlines()) == 6


PIECES = [
    text
    for text in code(page("docs/recipes.md"), "text")
    if text.startswith(("on:", "undo:", "same_as:", "do:"))
]


@pytest.mark.parametrize("piece", PIECES)
def test_every_piece_of_a_recipe_that_is_shown_can_be_read(piece: str, tmp_path: Path) -> None:
    rest = {"on": "on: order.paid\n", "do": "do:\n  - issue_card: {amount: 5.00 USD}\n"}
    rest.pop(piece.partition(":")[0], None)
    text = f"recipe: piece\ntitle: A piece\nstatus: draft\n{''.join(rest.values())}{piece}"
    (tmp_path / "piece.yaml").write_text(text, "utf-8")
    assert [str(fault) for fault in Library(tmp_path, step_specs()).load().faults] == []


# Verifying what we send

Verify = Callable[[str, Mapping[str, str], bytes], bool]

VECTORS = dict(
    line.split(": ", 1)
    for line in code(section("docs/webhooks.md", "## Test vectors"), "text")[0].splitlines()
)
SAMPLES = code(page("docs/webhooks.md"), "python")
A, B = VECTORS["secret A"], VECTORS["secret B"]
ID, TIMESTAMP = VECTORS["webhook-id"], VECTORS["webhook-timestamp"]
BODY = VECTORS["body 1"].encode()


def sample(number: int) -> Callable[..., bool]:
    """One of the page's verifiers, as a reader would paste it."""
    names: dict[str, Any] = {}
    exec(compile(SAMPLES[number], f"docs/webhooks.md, sample {number + 1}", "exec"), names)
    found: Callable[..., bool] = names["is_ours"]
    return found


def vector(signature: str, *, message_id: str = ID) -> dict[str, str]:
    return {"Webhook-Id": message_id, "Webhook-Timestamp": TIMESTAMP, "Webhook-Signature": signature}


@pytest.mark.parametrize("by", ["A", "B and A"])
def test_a_signature_of_the_page_is_the_one_that_we_make(by: str) -> None:
    keys = [standard_key(VECTORS[f"secret {name}"]) for name in by.split(" and ")]
    at = datetime.fromtimestamp(int(TIMESTAMP), UTC)
    assert standard_headers(keys, ID, at, BODY)["webhook-signature"] == VECTORS[f"body 1 by {by}"]


def test_the_second_body_is_signed_as_utf_8() -> None:
    is_ours = sample(0)
    body = VECTORS["body 2"].encode("utf-8")
    assert len(body) == 147
    assert is_ours(A, vector(VECTORS["body 2 by A"]), body, now=int(TIMESTAMP))


def test_the_verifier_without_packages_takes_the_vectors_and_refuses_the_usual_mistake() -> None:
    is_ours = sample(0)
    now = int(TIMESTAMP)
    assert is_ours(A, vector(VECTORS["body 1 by A"]), BODY, now=now)
    assert is_ours(A, vector(VECTORS["body 1 by B and A"]), BODY, now=now)
    assert is_ours(B, vector(VECTORS["body 1 by B and A"]), BODY, now=now)
    assert not is_ours(B, vector(VECTORS["body 1 by A"]), BODY, now=now)
    assert not is_ours(A, vector(VECTORS["wrong, body 1 by A not decoded"]), BODY, now=now)
    assert not is_ours(A, vector(VECTORS["body 1 by A"]), BODY + b" ", now=now)
    assert not is_ours(A, vector(VECTORS["body 1 by A"], message_id=ID + "x"), BODY, now=now)
    for away in (-301, 301):
        assert not is_ours(A, vector(VECTORS["body 1 by A"]), BODY, now=now + away)
    assert not is_ours(A, vector(VECTORS["body 1 by A"]), BODY), "by the real clock it is too old"


NODE_SAMPLE = code(page("docs/webhooks.md"), "javascript")[0]
ASK_NODE = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const told = cases.map(([secret, headers, body, now]) =>
  isOurs(secret, headers, Buffer.from(body, "base64"), now));
process.stdout.write(JSON.stringify(told));
"""


def ask_node(cases: Sequence[tuple[str, Mapping[str, str], bytes, float]]) -> list[bool]:
    """What the page's verifier for Node says of each case, in one process."""
    asked = [(secret, headers, base64.b64encode(body).decode(), now) for secret, headers, body, now in cases]
    ran = subprocess.run(
        [NODE, "-e", NODE_SAMPLE + ASK_NODE],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))


def test_the_verifier_for_node_takes_the_vectors_and_refuses_everything_else() -> None:
    now = int(TIMESTAMP)
    good, both = vector(VECTORS["body 1 by A"]), vector(VECTORS["body 1 by B and A"])
    second = (A, vector(VECTORS["body 2 by A"]), VECTORS["body 2"].encode(), now)
    taken = [(A, good, BODY, now), (A, both, BODY, now), (B, both, BODY, now), second]
    refused = [
        (B, good, BODY, now),
        (A, vector(VECTORS["wrong, body 1 by A not decoded"]), BODY, now),
        (A, good, BODY + b" ", now),
        (A, vector(VECTORS["body 1 by A"], message_id=ID + "x"), BODY, now),
        *((A, good, BODY, now + away) for away in (-301, 301)),
        *((A, {**good, header: junk}, BODY, now) for header in good for junk in JUNK if junk != "v1,\ud800"),
        *((A, {name: good[name] for name in good if name != left}, BODY, now) for left in good),
    ]

    assert ask_node(taken) == [True] * len(taken)
    assert ask_node(refused) == [False] * len(refused)


JUNK = ("", " ", "v1", "v1,", ",", "v1,é", "v1,\ud800", "v1,=", "v2,x v1", "9" * 500, "NaN", "-1", "\x00")


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_a_verifier_takes_what_was_signed_just_now_and_refuses_everything_else(number: int) -> None:
    is_ours: Verify = sample(number)
    now = SystemClock().now()
    good = standard_headers([standard_key(B), standard_key(A)], ID, now, BODY)
    assert is_ours(A, good, BODY)
    assert is_ours(B, {name.title(): value for name, value in good.items()}, BODY)

    late = standard_headers([standard_key(A)], ID, now - timedelta(minutes=6), BODY)
    early = standard_headers([standard_key(A)], ID, now + timedelta(minutes=6), BODY)
    other = standard_headers([standard_key(B)], ID, now, BODY)
    for refused in (late, early, other, {}):
        assert not is_ours(A, refused, BODY)
    assert not is_ours(A, good, BODY.replace(b"true", b"True"))
    for header in good:
        assert not is_ours(A, {name: value for name, value in good.items() if name != header}, BODY)
        for junk in JUNK:
            assert not is_ours(A, {**good, header: junk}, BODY), (header, junk)


def test_a_version_that_is_not_known_is_passed_over() -> None:
    now = SystemClock().now()
    good = standard_headers([standard_key(A)], ID, now, BODY)
    for number in range(len(SAMPLES)):
        both = {**good, "webhook-signature": f"v1a,{'x' * 86}== {good['webhook-signature']}"}
        assert sample(number)(A, both, BODY)
