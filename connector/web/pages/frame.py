"""What the pages for people have in common: their frame, and the policy under which a browser shows them.

The one rule: all that a page loads comes from here, and its one style of its own is named by its digest.
"""

import base64
import hashlib
from html import escape
from typing import Final

from flask import Response, request

from ...flows.letter_values import page_locale
from .. import problems
from .words import words_of

MAX_WISHES: Final = 10  # browsers send what a person has set, which is two or three

_HTML: Final = "text/html; charset=utf-8"
_PAGE: Final = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{title}</title>
<style>{style}</style>
<link rel="stylesheet" href="{assets}card.css">
{script}</head>
<body>
<main>
<header><p class="issuer">{issuer}</p><p class="kind">{kind}</p></header>
{body}</main>
</body>
</html>
"""


def framed(
    *,
    lang: str,
    title: str,
    kind: str,
    issuer: str,
    color: str,
    body: str,
    allows: str,
    assets: str = "",
    script: str = "",
) -> tuple[str, str]:
    """The page, and the policy under which a browser may show it.

    `lang`: its language. `body` and `script` are HTML, the other texts are not; `allows`: what the policy
    has besides styles; `assets`: where the style sheet lies, seen from the page.
    """
    style = f":root{{--accent:{color}}}"
    page = _PAGE.format(
        lang=escape(lang, quote=True),
        title=escape(title),
        kind=escape(kind),
        issuer=escape(issuer),
        style=style,
        body=body,
        assets=assets,
        script=script,
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    styles = f"default-src 'none'; style-src 'self' 'sha256-{digest}'"
    return page, f"{styles}; {allows}; base-uri 'none'; frame-ancestors 'none'"


def wished() -> tuple[str, ...]:
    """The languages that the browser asks for, the best first."""
    return tuple(name for name, quality in request.accept_languages if quality > 0)[:MAX_WISHES]


def lang_of(locale: str) -> str:
    """As HTML names it: `de-AT` of `de_AT`."""
    return locale.replace("_", "-")


def lost_answer() -> Response:
    """Where a link leads nowhere."""
    locale = page_locale(*wished())
    return problems.lost_page(words_of(locale), lang_of(locale))


def page_answer(page: str, policy: str, status: int = 200) -> Response:
    """For a person, in what their browser asks for, and for no search engine."""
    headers = {
        "Content-Security-Policy": policy,
        "X-Robots-Tag": "noindex, nofollow",
        "Vary": "Accept-Language",
    }
    return Response(page, status, content_type=_HTML, headers=headers)
