"""GET /c/<token>: a card as its recipient sees it, printable; POST /c/<token>/opened: somebody looks at it.

The one rule: a GET has no effect, so that mail scanners and link previews open nothing. The page's own
script tells of the opening once it is on a screen; what calls itself a robot is not believed to be looking.
"""

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
from .frame import framed, page_answer

ASSETS: Final = {"card.css": "text/css; charset=utf-8", "card.js": "text/javascript; charset=utf-8"}
ROBOTS: Final = re.compile(
    r"bot\b|bot/|crawl|spider|preview|facebookexternalhit|whatsapp|skypeuripreview|slack|telegram|discord"
    r"|twitter|linkedin|pinterest|embedly|quora|outbrain|scanner|headless|phantomjs|safelinks|proofpoint"
    r"|mimecast|barracuda|python-|curl/|wget/|go-http|okhttp|java/|libwww",
    re.IGNORECASE | re.ASCII,
)
"""What fetches links and looks at nothing, by what it calls itself."""

_KEPT: Final = "public, max-age=3600"
_FOOTER: Final = """
<footer>
<p>Issued by {issuer} in {currency}. {validity}{from_when}</p>
<p><a href="{balance_page}">See the balance at any time</a> with the card's code.</p>
</footer>
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
        return problems.lost_page() if found is None else page_answer(*card_page(found))

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
    footer = _FOOTER.format(
        issuer=escape(card.issuer),
        currency=escape(card.currency),
        validity=escape(card.validity),
        from_when=escape(f" It can be used from {card.usable_from}." if card.state == "pending" else ""),
        balance_page=escape(card.balance_page, quote=True),
    )
    return framed(
        title=f"Gift card of {card.issuer}",
        kind="Gift card",
        issuer=card.issuer,
        color=card.color,
        body=_body(card) + footer,
        allows="script-src 'self'; connect-src 'self'; form-action 'none'",
        script='<script src="card.js" defer></script>\n',
    )


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


def _is_robot() -> bool:
    """What says of itself that it is no person, or that it fetches beforehand; and another site's page."""
    told = request.headers
    agent = told.get("User-Agent", "")
    ahead = f"{told.get('Purpose', '')} {told.get('Sec-Purpose', '')} {told.get('X-Moz', '')}".lower()
    is_foreign = told.get("Sec-Fetch-Site", "same-origin") != "same-origin"
    return not agent or bool(ROBOTS.search(agent)) or "prefetch" in ahead or "preview" in ahead or is_foreign
