"""The second door: from the command line to our own gateway."""

import socket
from pathlib import Path

import pytest

from connector.domain.errors import Unavailable
from connector.outside.local import get_local, post_local
from tests.kit.receiver import Peer, Recorder, Reply, hostile


def test_a_post_reaches_the_gateway_on_this_machine_and_its_answer_comes_back() -> None:
    with Recorder() as gateway:
        gateway.answers(Reply(202, b'{"status":"accepted"}', {"Content-Type": "application/json"}))

        status, headers, body = post_local(gateway.url, b"{}", {"x-signature": "abc"})

        assert (status, body) == (202, b'{"status":"accepted"}')
        assert headers["content-type"] == "application/json"
        [request] = gateway.requests
        assert (request.method, request.body, request.header("x-signature")) == ("POST", b"{}", "abc")


def test_a_get_asks_the_gateway() -> None:
    with Recorder() as gateway:
        gateway.answers(Reply(404, b"no"))

        assert get_local(gateway.url, {"authorization": "Bearer x"})[::2] == (404, b"no")
        assert gateway.requests[0].method == "GET"


def test_when_nothing_listens_one_sentence_says_where() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(Unavailable) as refusal:
        post_local(f"http://127.0.0.1:{port}/hooks/demo/make/secret-token", b"{}", {})

    assert refusal.value.detail == f"Nothing listens at http://127.0.0.1:{port}: is the gateway running?"


def test_a_gateway_that_does_not_answer_in_time_is_said_so() -> None:
    with (
        hostile(lambda peer: peer.be_silent()) as url,
        pytest.raises(Unavailable, match=r"within 0\.2 seconds"),
    ):
        get_local(url, {}, timeout_s=0.2)


@pytest.mark.parametrize(
    "url", ["", "no url", "http://", "http://[", "ftp://127.0.0.1/", "http://127.0.0.1:x/"]
)
def test_a_url_that_cannot_be_used_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable):
        post_local(url, b"{}", {})


@pytest.mark.parametrize(
    "answer", [b"hello\r\n", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nnot gzip"]
)
def test_an_answer_that_is_no_http_is_unavailable(answer: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(answer)

    with hostile(script) as url, pytest.raises(Unavailable):
        get_local(url, {})


def test_the_environment_and_redirects_have_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login shop password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Recorder() as elsewhere, Recorder() as gateway:
        monkeypatch.setenv("HTTP_PROXY", elsewhere.url)
        monkeypatch.setenv("http_proxy", elsewhere.url)
        gateway.answers(Reply(302, headers={"location": elsewhere.url}))

        assert post_local(gateway.url, b"{}", {})[0] == 302
        assert elsewhere.connections == 0
        assert "authorization" not in gateway.requests[0].headers
