"""`connector serve` as a newcomer and an operator meet it: real processes, from an empty folder on."""

import json
import re
import shlex
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.databases import PostgresMaker
from tests.kit.process import Ran, Running, Serving, call, settle
from tests.kit.wire import a_request, exchange

FREE = ("--listen", "127.0.0.1:0")
SEND = ("send", "demo/calendly", "invitee.created")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A gateway that was started in an empty folder, with no configuration."""
    with Serving(tmp_path_factory.mktemp("demo"), FREE) as served:
        yield served


def api_key(served: Serving) -> str:
    return served.process.wait_for(r"API key: +(gck_\S+)")[1]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# The first start


def test_with_no_configuration_it_listens_on_this_machine_only(demo: Serving) -> None:
    listening = Path(f"/proc/{demo.process.pid}/net/tcp").read_text()
    sockets = [line.split() for line in listening.splitlines()[1:]]
    [where] = {
        local for _, local, _, state, *_ in sockets if state == "0A" and local.endswith(f"{demo.port:04X}")
    }

    assert where == f"0100007F:{demo.port:04X}"


def test_its_keys_are_for_their_owner_alone(demo: Serving) -> None:
    keys = demo.folder / "data" / "keys"

    assert mode(keys) == 0o700
    assert {path.name: mode(path) for path in keys.iterdir()} == {path.name: 0o600 for path in keys.iterdir()}
    assert {"api", "ring", "source-calendly"} <= {path.name for path in keys.iterdir()}
    assert mode(demo.folder / "data") == 0o700


def test_the_key_that_it_prints_opens_the_api_and_nothing_else_does(demo: Serving) -> None:
    demo.key = api_key(demo)
    assert demo.ask("GET", "/v1/gift-cards").status == 200

    demo.key = "gck_" + "x" * 43
    assert demo.ask("GET", "/v1/gift-cards").status == 401


def test_the_line_to_paste_sends_a_webhook_and_a_second_time_it_is_a_duplicate(demo: Serving) -> None:
    line = demo.process.wait_for(r"^  (\S+ send .*)$")[1]
    program, *words = shlex.split(line)
    assert words == list(SEND)
    assert (demo.folder / program).samefile(Path(sys.executable).parent / "connector")

    first, second = (call(*words, folder=demo.folder) for _ in range(2))

    assert (first.code, first.json["status"]) == (0, "processed"), first
    assert (second.code, second.json["status"]) == (0, "duplicate"), second
    assert {**second.json, "status": "processed"} == first.json


def test_from_the_projects_folder_the_line_begins_with_the_short_path(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "connector"
    with Serving(program.parents[2], ("--data", tmp_path / "data", *FREE)) as served:
        line = served.process.wait_for(r"^  (\S+) send demo/calendly invitee\.created --config ")

    assert line[1] == "/".join(program.parts[-3:])


def test_what_nobody_signed_is_refused_alike_whatever_is_wrong_with_it(demo: Serving) -> None:
    body = b'{"event": "invitee.created"}'
    answers = []
    for signature in (None, "", "t=1,v1=00", "junk", "t=99999999999,v1=" + "0" * 64):
        lines = ["Content-Type: application/json"]
        lines += [] if signature is None else [f"Calendly-Webhook-Signature: {signature}"]
        reply = exchange(demo.port, a_request("POST", "/hooks/demo/calendly", *lines, body=body))
        told = reply.json()
        assert told.pop("request_id") == reply.header("X-Request-Id")
        answers.append((reply.status, reply.header("Content-Type"), told))

    assert answers == [answers[0]] * len(answers)
    assert answers[0][0] == 401


def test_the_first_page_is_where_it_says(demo: Serving) -> None:
    address = demo.process.wait_for(r"Dashboard: +http://127.0.0.1:(\d+)/")[1]

    assert exchange(int(address), a_request()).status == 200


# What leaves, at a second terminal


def test_a_listener_prints_the_verified_message_once(demo: Serving) -> None:
    with Running("listen", "--port", "0", "--json", folder=demo.folder) as listener:
        listener.wait_for("Listening on", "err")

        sent = call(*SEND, "--new", folder=demo.folder)
        assert sent.code == 0, sent
        assert call(*SEND, "--new", folder=demo.folder).code == 0
        listener.wait_until(lambda: listener.out.count("\n") >= 2 or not listener.is_alive)
        assert listener.terminate() == 0

        messages = [json.loads(line) for line in listener.out.splitlines()]
        card = sent.json["runs"][0]["outputs"]["card"]
        assert [one["type"] for one in messages] == ["gift_card.issued"] * 2
        assert messages[0]["data"]["gift_card"]["id"] == card["id"]
        assert messages[0]["sandbox"] is True
        assert card["code"] not in listener.out
        assert "Unsubscribed." in listener.err


# Starting again


def test_a_second_start_has_the_same_key_and_the_same_cards(tmp_path: Path) -> None:
    with Serving(tmp_path, FREE) as served:
        served.key = api_key(served)
        assert call(*SEND, folder=tmp_path).code == 0
        cards = served.get("/v1/gift-cards")
        assert served.terminate() == 0

        served.start()

        assert api_key(served) == served.key
        assert served.get("/v1/gift-cards") == cards


def test_another_folder_and_address_are_found_by_the_line_to_paste(tmp_path: Path) -> None:
    with Serving(tmp_path, ("--data", "else where", *FREE)) as served:
        line = served.process.wait_for(r"^  \S+ (send .*)$")[1]
        assert shlex.split(line)[-2:] == ["--config", "else where"]

        ran = call(*shlex.split(line), folder=tmp_path)

        assert (ran.code, ran.json["status"]) == (0, "processed"), ran
        listen = served.process.wait_for(r"^  \S+ (listen .*)$")[1]
        assert shlex.split(listen)[-2:] == ["--config", "else where"]
    assert not (tmp_path / "data").exists()


def test_a_note_that_cannot_be_read_is_no_note(tmp_path: Path) -> None:
    with Serving(tmp_path, FREE) as served:
        (tmp_path / "data" / "listen").write_text("\x00 nonsense")

        ran = call(*SEND, "--url", served.url, folder=tmp_path)

    assert ran.code == 0, ran


# What cannot be served


def one_sentence(ran: Ran) -> str:
    [line] = ran.err.splitlines()
    assert "Traceback" not in line
    return line


@pytest.mark.parametrize("role", ["all", "worker"])
def test_a_second_serve_on_one_file_is_refused(demo: Serving, role: str) -> None:
    ran = call("serve", *FREE, "--role", role, folder=demo.folder)

    assert ran.code == 1
    assert re.search(r"Another connector serves \S+connector\.db already", one_sentence(ran))
    assert demo.ask("GET", "/healthz").status == 200


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = call("serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", folder=tmp_path)

    assert ran.code == 1
    assert "is taken" in one_sentence(ran)


def test_two_processes_for_one_sqlite_file_are_refused(tmp_path: Path) -> None:
    ran = call("serve", *FREE, "--workers", "2", folder=tmp_path)

    assert ran.code == 2
    assert "PostgreSQL" in one_sentence(ran)


def test_a_configuration_with_faults_is_2_and_names_each_place(tmp_path: Path) -> None:
    config = settle(tmp_path).config
    text = config.read_text().replace("allow_http = true", 'allow_http = "yes"')
    config.write_text(text + "\n[nonsense]\n")

    ran = call("serve", "--config", config, folder=tmp_path)

    assert ran.code == 2
    at = text.splitlines().index('allow_http = "yes"') + 1
    places = [line.removeprefix(str(config)).split(":")[1] for line in ran.err.splitlines()]
    assert places == [str(at), str(len(text.splitlines()) + 2)]


def test_a_postgresql_behind_its_migrations_is_refused_and_the_command_named(
    tmp_path: Path, postgres_maker: PostgresMaker
) -> None:
    place = settle(tmp_path)
    text = place.config.read_text()
    place.config.write_text(text.replace("sqlite:///data/connector.db", postgres_maker.empty()))

    ran = call("serve", "--config", place.config, folder=tmp_path)

    assert ran.code == 1
    assert "connector db upgrade" in one_sentence(ran)


# Roles and workers


def test_several_processes_share_one_port_on_postgresql(
    tmp_path: Path, postgres_maker: PostgresMaker
) -> None:
    with postgres_maker.fresh(tmp_path) as url:
        place = settle(tmp_path, url)
        with Serving.at(place, "--workers", "2") as served:
            assert served.get("/readyz")["status"] == "ready"

            assert served.terminate() == 0


def test_a_gateway_without_workers_leaves_the_sending_to_others(
    tmp_path: Path, postgres_maker: PostgresMaker
) -> None:
    with postgres_maker.fresh(tmp_path) as url:
        place = settle(tmp_path, url)
        words = ("serve", "--config", place.config, "--role", "worker")
        with Serving.at(place, "--role", "gateway") as served, Running(*words, folder=tmp_path) as worker:
            worker.wait_for('"event": "ready"', "err")
            with Running(
                "listen", "--port", "0", "--account", "glow-spa", "--config", place.config, folder=tmp_path
            ) as listener:
                listener.wait_for("Listening on", "err")

                assert (
                    served.ask("POST", "/v1/gift-cards", b'{"amount": 100, "currency": "USD"}').status == 201
                )

                listener.wait_for("gift_card.issued")
                assert '"attempt"' not in served.process.err
                worker.wait_for('"event": "attempt"', "err")
                assert listener.terminate() == 0
            assert worker.terminate() == 0
