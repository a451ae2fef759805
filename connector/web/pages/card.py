"""GET /c/<token>: a card as its recipient sees it, printable; POST /c/<token>/opened: somebody looks at it.

POST /c/<token>/program: its holder chooses what it is good for, where it leaves that open.

The one rule: whoever fetches the page opens the card, but for what says of itself that it previews, scans or
fetches ahead. Its own script tells of it too, so what was fetched ahead is open once it is on a screen.
"""

import re
from contextlib import suppress
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import quote

import segno
from flask import Flask, Response, request

from ...domain.errors import Conflict, NotFound, OutcomeUnknown, Unavailable, ValidationFailed
from ...flows.card_pages import ShownCard
from ...flows.gateway import Gateway
from ..access import Gate
from .frame import framed, lang_of, lost_answer, page_answer, wished
from .words import Words, words_of

ASSETS: Final = {"card.css": "text/css; charset=utf-8", "card.js": "text/javascript; charset=utf-8"}
ROBOTS: Final = re.compile(
    r"(?<!cu)bot\b|crawl|spider|preview|facebookexternalhit|whatsapp/|slack-imgproxy|pinterest/0|embedly"
    r"|quora|outbrain|scanner|safelinks|proofpoint|mimecast|barracuda",
    re.IGNORECASE | re.ASCII,
)
"""What fetches links and looks at nothing, by what it calls itself.

Never by a messenger's name alone: its own browser, in which people open links, has that too.
"""

_KEPT: Final = "public, max-age=3600"
_FOOTER: Final = """
<footer>
<p>{issued} {validity}{from_when}</p>
<p><a href="{balance_page}">{see_balance}</a></p>
</footer>
"""
_GOOD: Final = """{greeting}<section class="value">
<p class="balance">{balance}</p>
<p class="of">{of}</p>
{program}</section>
<section class="code">
{qr}
<p class="label">{your_code}</p>
<p class="symbols">{code}</p>
</section>
"""
_CHOICE: Final = """<form class="choice" method="post" action="{token}/program">
<fieldset>
<legend>{choose}</legend>
{choices}
</fieldset>
<p class="of">{once}</p>
<button>{chosen}</button>
</form>
"""
_ENDED: Final = """<section class="ended">
<p>{why}</p>
<p>{ask}</p>
</section>
"""


def install(app: Flask, gateway: Gateway, gate: Gate) -> None:
    """Add the routes. Both count as a stranger's requests: nobody tries links by the thousand."""

    def card(token: str) -> Response:
        gate.count_stranger()
        found = gateway.card_pages.shown(token, wished())
        if found is None:
            return lost_answer()
        if request.method == "GET" and _is_opened() and not _is_robot():
            with suppress(Unavailable, OutcomeUnknown):  # seen all the same; its script tells of it again
                gateway.card_pages.opened(token)
        return page_answer(*card_page(found, token))

    def choose(token: str) -> Response:
        gate.count_stranger()
        try:
            if _is_foreign() or not gateway.card_pages.choose(token, request.form.get("program", "")):
                return lost_answer()
        except (Conflict, ValidationFailed):
            pass  # chosen meanwhile, or nothing was: the page says how it is
        return Response(status=303, headers={"Location": f"../{quote(token)}"})

    def opened(token: str) -> Response:
        gate.count_stranger()
        if _is_robot() or _is_foreign():
            return Response(status=204)
        if not gateway.card_pages.opened(token):
            raise NotFound
        return Response(status=204)

    def asset(name: str) -> Response:
        where = files("connector.web") / "static" / name
        return Response(where.read_bytes(), content_type=ASSETS[name], headers={"Cache-Control": _KEPT})

    app.add_url_rule("/c/<token>", "card", card, methods=["GET"])
    app.add_url_rule("/c/<token>/program", "card.choose", choose, methods=["POST"])
    app.add_url_rule("/c/<token>/opened", "card.opened", opened, methods=["POST"])
    for name in ASSETS:
        app.add_url_rule(f"/c/{name}", f"card.{name}", asset, methods=["GET"], defaults={"name": name})


def card_page(card: ShownCard, token: str) -> tuple[str, str]:
    """The page, and the policy under which a browser may show it. `token`: what leads to it."""
    words = words_of(card.locale)
    from_when = f" {words.usable_from.format(day=card.usable_from)}" if card.state == "pending" else ""
    footer = _FOOTER.format(
        issued=escape(words.issued.format(issuer=card.issuer, currency=card.currency)),
        validity=escape(card.validity),
        from_when=escape(from_when),
        balance_page=escape(card.balance_page, quote=True),
        see_balance=escape(words.see_balance),
    )
    return framed(
        lang=lang_of(card.locale),
        title=words.card_title.format(issuer=card.issuer),
        kind=words.gift_card,
        issuer=card.issuer,
        color=card.color,
        body=_body(card, words) + _choice(card, words, token) + footer,
        allows=f"script-src 'self'; connect-src 'self'; form-action {_form_action(card)}",
        script='<script src="card.js" defer></script>\n',
    )


def _form_action(card: ShownCard) -> str:
    return "'self'" if card.choices else "'none'"


def _body(card: ShownCard, words: Words) -> str:
    if card.code is None:
        why, ask = words.why.get(card.state, words.why["removed"]), words.ask.format(issuer=card.issuer)
        return _ENDED.format(why=escape(why), ask=escape(ask))
    is_whole = card.balance == card.amount
    program = f'<p class="of">{escape(words.good_at.format(program=card.program))}</p>\n'
    return _GOOD.format(
        greeting=_greeting(card, words),
        balance=escape(card.balance),
        of=escape(words.to_spend if is_whole else words.left_of.format(amount=card.amount))
        + (f"<br><strong>{escape(words.trial)}</strong>" if card.is_sandbox else ""),
        program=program if card.program else "",
        qr=segno.make(card.code, error="m").svg_inline(
            border=2, omitsize=True, svgclass="qr", lineclass=None
        ),
        your_code=escape(words.your_code),
        code=escape(card.code),
    )


def _choice(card: ShownCard, words: Words, token: str) -> str:
    """What the card is good for, where its holder may still choose that."""
    if not card.choices:
        return ""
    choices = "\n".join(
        f'<label><input type="radio" name="program" value="{escape(slug, quote=True)}" required>'
        f" {escape(name)}</label>"
        for slug, name in card.choices
    )
    return _CHOICE.format(
        token=escape(token, quote=True),
        choose=escape(words.choose),
        choices=choices,
        once=escape(words.choose_once),
        chosen=escape(words.chosen),
    )


def _greeting(card: ShownCard, words: Words) -> str:
    lines = []
    if card.recipient:
        lines.append(f'<p class="to">{escape(words.for_whom.format(name=card.recipient))}</p>')
    if card.message:
        lines.append(f'<p class="message">{escape(card.message)}</p>')
    if card.sender:
        lines.append(f'<p class="from">{escape(card.sender)}</p>')
    return f'<section class="words">{"".join(lines)}</section>\n' if lines else ""


def _is_opened() -> bool:
    """Whether a browser goes to the page, where it says what for: a picture in another page is no opening."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _is_robot() -> bool:
    """What says of itself that it is no person, or that it fetches beforehand."""
    told = request.headers
    agent = told.get("User-Agent", "")
    ahead = f"{told.get('Purpose', '')} {told.get('Sec-Purpose', '')} {told.get('X-Moz', '')}".lower()
    is_ahead = "prefetch" in ahead or "preview" in ahead
    return not agent or bool(ROBOTS.search(agent)) or is_ahead


def _is_foreign() -> bool:
    """Whether another site's page asks."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
