"""What the pages for people have in common: their frame, and the policy under which a browser shows them.

The one rule: all that a page loads comes from here, and its one style of its own is named by its digest.
"""

import base64
import hashlib
from html import escape
from typing import Final

from flask import Response

_HTML: Final = "text/html; charset=utf-8"
_PAGE: Final = """<!doctype html>
<html lang="en">
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

    `body` and `script` are HTML, the other texts are not; `allows`: what the policy has besides
    styles; `assets`: where the style sheet lies, seen from the page.
    """
    style = f":root{{--accent:{color}}}"
    page = _PAGE.format(
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


def page_answer(page: str, policy: str, status: int = 200) -> Response:
    """For a person, and for no search engine."""
    headers = {"Content-Security-Policy": policy, "X-Robots-Tag": "noindex, nofollow"}
    return Response(page, status, content_type=_HTML, headers=headers)
