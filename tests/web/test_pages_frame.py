"""The frame of the pages for people: nothing that is told gets out of its place in it."""

import re

from connector.web.pages.frame import framed


def a_page(**told: str) -> tuple[str, str]:
    usual = {
        "lang": "en",
        "title": "t",
        "kind": "k",
        "issuer": "i",
        "color": "#112233",
        "body": "",
        "allows": "img-src 'self'",
    }
    return framed(**{**usual, **told})


def test_texts_are_no_html_and_a_body_is() -> None:
    page, _ = a_page(title="<b>", issuer="Bob & <i>", kind="<u>", body="<p>whole</p>")

    assert "<title>&lt;b&gt;</title>" in page and "Bob &amp; &lt;i&gt;" in page and "&lt;u&gt;" in page
    assert "<p>whole</p>" in page


def test_the_policy_names_the_style_of_its_own_and_what_the_page_asks_for() -> None:
    (page, policy), (_, other) = a_page(), a_page(color="#445566")

    assert re.fullmatch(
        r"default-src 'none'; style-src 'self' 'sha256-[A-Za-z0-9+/]{43}='; img-src 'self'; "
        r"base-uri 'none'; frame-ancestors 'none'",
        policy,
    )
    assert policy != other and "--accent:#112233" in page


def test_the_style_sheet_lies_where_the_page_says() -> None:
    assert 'href="card.css"' in a_page()[0] and 'href="/c/card.css"' in a_page(assets="/c/")[0]
