"""An editor, as a language server sees one: JSON-RPC over its standard input and output.

The rule that holds: nothing sleeps. Answers and diagnostics are waited for as they come.
"""

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Self

PATIENCE_S: Final = 60.0  # a bound on hanging, not a measure
_SETTINGS: Final = "workspace/configuration"
_ABLE: Final[Mapping[str, Any]] = {
    "textDocument": {
        "publishDiagnostics": {},
        "hover": {"contentFormat": ["plaintext"]},
        "completion": {"completionItem": {"snippetSupport": False}},
    }
}


class Editor:
    """One server process with one folder open; a file is opened with whatever text, and never written.

    `settings` are what a person would have written in the editor's own.
    """

    def __init__(
        self, words: Sequence[str | Path], folder: Path, settings: Mapping[str, Any] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            list(words), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._folder = folder
        self._settings = dict(settings or {})
        self._told: queue.Queue[Mapping[str, Any] | None] = queue.Queue()
        self._numbers = 0
        self._versions: dict[str, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        self.ask("initialize", processId=None, rootUri=self._folder.as_uri(), capabilities=_ABLE)
        self._send("initialized", {})
        self._send("workspace/didChangeConfiguration", {"settings": self._settings})
        self._wait(lambda told: told.get("method") == _SETTINGS)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Show `text` as the folder's file `name`, and wait for what the server marks in it."""
        return self.open_all({name: text})[name]

    def open_all(self, texts: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        """As `open`, for several files at once."""
        names = {self._uri(name): name for name in texts}
        for uri, name in names.items():
            self._show(uri, texts[name])
        found: dict[str, list[dict[str, Any]]] = {}
        while len(found) < len(names):
            marked = self._wait(lambda told: told.get("method") == "textDocument/publishDiagnostics")[
                "params"
            ]
            if marked["uri"] in names:
                found[names[marked["uri"]]] = marked["diagnostics"]
        return found

    def _show(self, uri: str, text: str) -> None:
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        if version == 1:
            document = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
            self._send("textDocument/didOpen", {"textDocument": document})
        else:
            document = {"uri": uri, "version": version}
            self._send(
                "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]}
            )

    def complete(self, name: str, line: int, column: int) -> list[str]:
        """The labels offered at a place, counted from 0."""
        found = self._at("textDocument/completion", name, line, column)
        items = found["items"] if isinstance(found, dict) else found or []
        return [str(item["label"]) for item in items]

    def hover(self, name: str, line: int, column: int) -> str:
        """What is told of a place, counted from 0."""
        found = self._at("textDocument/hover", name, line, column)
        return "" if found is None else str(found["contents"]["value"])

    def ask(self, method: str, /, **params: Any) -> Any:
        """A request, and its answer."""
        self._numbers += 1
        number = self._numbers
        self._send(method, params, number)
        told = self._wait(lambda told: told.get("id") == number and "method" not in told)
        assert "error" not in told, told
        return told["result"]

    def _at(self, method: str, name: str, line: int, column: int) -> Any:
        where = {"line": line, "character": column}
        return self.ask(method, textDocument={"uri": self._uri(name)}, position=where)

    def _uri(self, name: str) -> str:
        return (self._folder / name).as_uri()

    def _send(self, method: str, params: Mapping[str, Any], number: int | None = None) -> None:
        self._write({"method": method, "params": params, **({} if number is None else {"id": number})})

    def _write(self, told: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **told}).encode()
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        stdin.flush()

    def _wait(self, is_it: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """The next that is told and is meant; what the server asks of the editor is answered on the way."""
        while True:
            told = self._told.get(timeout=PATIENCE_S)
            assert told is not None, "the server has ended"
            if "method" in told and "id" in told:
                self._write({"id": told["id"], "result": self._answer(told)})
            if is_it(told):
                return told

    def _answer(self, told: Mapping[str, Any]) -> Any:
        if told["method"] != _SETTINGS:
            return None
        return [self._settings.get(item.get("section")) for item in told["params"]["items"]]

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        while (told := _message(stdout)) is not None:
            self._told.put(told)
        self._told.put(None)


def _message(stream: IO[bytes]) -> Mapping[str, Any] | None:
    """The next message; None at the end."""
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    found: Mapping[str, Any] | None = json.loads(stream.read(length)) if length else None
    return found
