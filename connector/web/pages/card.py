"""GET /c/<token>: a card as its recipient sees it, printable; POST /c/<token>/opened: somebody looks at it.

The one rule: a GET has no effect, so that mail scanners and link previews open nothing. The page's own
script tells of the opening once it is on a screen; what calls itself a robot is not believed to be looking.
"""

import base64
import hashlib
import re
from html import escape
from importlib.resources import files
from typing import Final

import segno
from flask import Flask, Response, request

from ...domain.errors import NotFound
from ...flows.card_pages import ShownCard
from ...flows.gateway import Gateway
from .. import problems
from ..access import Gate

ASSETS: Final = {"card.css": "text/css; charset=utf-8", "card.js": "text/javascript; charset=utf-8"}
ROBOTS: Final = re.compile(
    r"bot\b|bot/|crawl|spider|preview|facebookexternalhit|whatsapp|skypeuripreview|slack|telegram|discord"
    r"|twitter|linkedin|pinterest|embedly|quora|outbrain|scanner|headless|phantomjs|safelinks|proofpoint"
    r"|mimecast|barracuda|python-|curl/|wget/|go-http|okhttp|java/|libwww",
    re.IGNORECASE | re.ASCII,
)
"""What fetches links and looks at nothing, by what it calls itself."""

_KEPT: Final = "public, max-age=3600"
_HTML: Final = "text/html; charset=utf-8"
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{title}</title>
<style>{style}</style>
<link rel="stylesheet" href="card.css">
<script src="card.js" defer></script>
</head>
<body>
<main>
<header><p class="issuer">{issuer}</p><p class="kind">Gift card</p></header>
{body}
<footer>
<p>Issued by {issuer} in {currency}. {validity}{from_when}</p>
<p><a href="{balance_page}">See the balance at any time</a> with the card's code.</p>
</footer>
</main>
</body>
</html>
"""
_GOOD: Final = """{greeting}<section class="value">
<p class="balance">{balance}</p>
<p class="of">{of}</p>
</section>
<section class="code">
{qr}
<p class="label">Your code</p>
<p class="symbols">{code}</p>
</section>
"""
_ENDED: Final = """<section class="ended">
<p>{why}</p>
<p>Ask {issuer} if you think that this is a mistake.</p>
</section>
"""
_WHY: Final = {
    "expired": "This gift card has expired.",
    "disabled": "This gift card is switched off.",
    "removed": "This gift card is no longer valid.",
}


def install(app: Flask, gateway: Gateway, gate: Gate) -> None:
    """Add the routes. Both count as a stranger's requests: nobody tries links by the thousand."""

    def card(token: str) -> Response:
        gate.count_stranger()
        found = gateway.card_pages.shown(token)
        return problems.lost_page() if found is None else _answer(found)

    def opened(token: str) -> Response:
        gate.count_stranger()
        if _is_robot():
            return Response(status=204)
        if not gateway.card_pages.opened(token):
            raise NotFound
        return Response(status=204)

    def asset(name: str) -> Response:
        where = files("connector.web") / "static" / name
        return Response(where.read_bytes(), content_type=ASSETS[name], headers={"Cache-Control": _KEPT})

    app.add_url_rule("/c/<token>", "card", card, methods=["GET"])
    app.add_url_rule("/c/<token>/opened", "card.opened", opened, methods=["POST"])
    for name in ASSETS:
        app.add_url_rule(f"/c/{name}", f"card.{name}", asset, methods=["GET"], defaults={"name": name})


def card_page(card: ShownCard) -> tuple[str, str]:
    """The page, and the policy under which a browser may show it."""
    style = f":root{{--accent:{card.color}}}"
    page = _PAGE.format(
        title=escape(f"Gift card of {card.issuer}"),
        style=style,
        issuer=escape(card.issuer),
        body=_body(card),
        currency=escape(card.currency),
        validity=escape(card.validity),
        from_when=escape(f" It can be used from {card.usable_from}." if card.state == "pending" else ""),
        balance_page=escape(card.balance_page, quote=True),
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'self' 'sha256-{digest}'; script-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy


def _body(card: ShownCard) -> str:
    if card.code is None:
        return _ENDED.format(why=_WHY.get(card.state, _WHY["removed"]), issuer=escape(card.issuer))
    is_whole = card.balance == card.amount
    return _GOOD.format(
        greeting=_greeting(card),
        balance=escape(card.balance),
        of=escape("to spend" if is_whole else f"left of {card.amount}")
        + ("<br><strong>A trial: it is worth nothing</strong>" if card.is_sandbox else ""),
        qr=segno.make(card.code, error="m").svg_inline(
            border=2, omitsize=True, svgclass="qr", lineclass=None
        ),
        code=escape(card.code),
    )


def _greeting(card: ShownCard) -> str:
    lines = []
    if card.recipient:
        lines.append(f'<p class="to">For {escape(card.recipient)}</p>')
    if card.message:
        lines.append(f'<p class="message">{escape(card.message)}</p>')
    if card.sender:
        lines.append(f'<p class="from">{escape(card.sender)}</p>')
    return f'<section class="words">{"".join(lines)}</section>\n' if lines else ""


def _answer(card: ShownCard) -> Response:
    page, policy = card_page(card)
    headers = {"Content-Security-Policy": policy, "X-Robots-Tag": "noindex, nofollow"}
    return Response(page, content_type=_HTML, headers=headers)


def _is_robot() -> bool:
    """What says of itself that it is no person, or that it fetches beforehand; and another site's page."""
    told = request.headers
    agent = told.get("User-Agent", "")
    ahead = f"{told.get('Purpose', '')} {told.get('Sec-Purpose', '')} {told.get('X-Moz', '')}".lower()
    is_foreign = told.get("Sec-Fetch-Site", "same-origin") != "same-origin"
    return not agent or bool(ROBOTS.search(agent)) or "prefetch" in ahead or "preview" in ahead or is_foreign
