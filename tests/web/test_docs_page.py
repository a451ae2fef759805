"""The pages about the API load nothing from elsewhere, and every problem's URL leads to one."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from connector.domain import errors
from connector.web.advice import ADVICE
from connector.web.docs_page import ASSETS, POLICY
from tests.kit.house import PUBLIC_URL
from tests.web.door import Door, refusal

FOREIGN = re.compile(r"""(?:@import|url\()\s*['"]?+(?!data:|#)""", re.IGNORECASE)


class Loaded(HTMLParser):
    """What a page would fetch, and whether it holds any script or style of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._inside = tag if tag in ("script", "style") else ""
        self.urls += [str(told[name]) for name in ("src", "href") if told.get(name) and tag != "a"]
        self.inline += [name for name in told if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def loaded(page: str) -> Loaded:
    found = Loaded()
    found.feed(page)
    return found


def test_the_page_loads_its_parts_from_here_and_has_no_script_of_its_own(quick_door: Door) -> None:
    answer = quick_door.get("/docs")

    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    found = loaded(answer.text)
    assert {f"docs/{name}" for name in ASSETS} == set(found.urls)
    assert found.inline == []
    for url in found.urls:
        assert quick_door.get(f"/{url}").status_code == 200


def test_the_page_s_policy_allows_what_it_needs_and_no_more(quick_door: Door) -> None:
    answer = quick_door.get("/docs")

    assert answer.headers.getlist("Content-Security-Policy") == [POLICY]
    directives = dict(one.strip().split(" ", 1) for one in POLICY.split(";"))
    assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == directives["style-src"] == "'self'"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    [other] = quick_door.get("/healthz").headers.getlist("Content-Security-Policy")
    assert other.startswith("default-src 'none'")
    assert "script-src" not in other


@pytest.mark.parametrize("name", ASSETS)
def test_a_part_of_the_page_fetches_nothing_from_elsewhere(quick_door: Door, name: str) -> None:
    answer = quick_door.get(f"/docs/{name}")

    assert answer.status_code == 200
    assert answer.content_type == ASSETS[name][1]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in answer.headers["Cache-Control"]
    text = answer.data.decode("utf-8", "replace")
    if name.endswith(".css"):
        assert FOREIGN.search(text) is None
    if name.endswith(".js"):
        assert "importScripts(" not in text
        assert re.search(r"""\bimport\(\s*['"]https?:""", text) is None


def test_the_viewer_asks_nobody_to_judge_the_document_and_no_query_can_lead_it_elsewhere(
    quick_door: Door,
) -> None:
    ours = quick_door.get("/docs/docs.js").text

    assert "validatorUrl: null" in ours  # else it would send the document's address to swagger.io
    assert "queryConfigEnabled: false" in ours
    assert 'url: "openapi.json"' in ours
    assert "//" not in ours


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/docs/",
            "/docs/index.html",
            "/docs/..%2f..%2fwsgi.py",
            "/docs/../factory.py",
            "/docs/%2e%2e/wsgi.py",
        ),
        *("/docs/swagger-ui.js", "/docs/docs.js/", "/docs/a/b", "/errors/", "/errors/nothing", "/errors/a/b"),
        *("/errors/<script>", "/openapi.json/", "/openapi.yaml", "/nowhere"),
    ],
)
def test_what_is_not_there_is_a_problem(quick_door: Door, path: str) -> None:
    assert refusal(quick_door.get(path)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/docs.js", "/errors/not_found"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_a_problem_that_says_which_are_right(
    quick_door: Door, path: str, method: str
) -> None:
    answer = quick_door.call(method, path)

    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("code", sorted({one.code for one in errors.every_error()}))
def test_every_problem_s_url_leads_to_a_page_about_it(quick_door: Door, code: str) -> None:
    answer = quick_door.get(f"/errors/{code}")

    kind = errors.by_code(code)
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    shown = unescape(answer.text)
    assert f"<h1>{kind.title}</h1>" in shown
    assert f"<code>{code}</code>, HTTP status {kind.status}" in shown
    assert ADVICE.get(code, "") in shown
    assert ("may do better later" in shown) == kind.retryable
    assert loaded(answer.text).inline == loaded(answer.text).urls == []


def test_the_url_in_a_refusal_is_that_page(quick_door: Door) -> None:
    told = quick_door.get("/v1/gift-cards").get_json(force=True)

    path = told["type"].removeprefix(PUBLIC_URL)
    assert told["title"] in unescape(quick_door.get(path).text)
